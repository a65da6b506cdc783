/** Engines for tests: a repository, roots below one directory, and what can be compared of the world that they make. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../core/engine/engine.ts';
import type { Engine, EngineSettings } from '../../core/engine/types.ts';
import type { Plugin } from '../../core/plugin/plugin.ts';
import { ownPlugins } from '../../plugins/index.ts';
import { readTree } from './compare.ts';

const ranks = { install: 1, syncdirs: 1, state: 1, exports: 2, tftp: 3 } as const;

export interface LabOptions {
  readonly repository: string;
  /** Roots and state lie below it. */
  readonly dir: string;
  readonly images?: EngineSettings['images'];
  readonly plugins?: readonly Plugin[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly onStep?: EngineSettings['onStep'];
  readonly onRemoval?: EngineSettings['onRemoval'];
  readonly onLive?: EngineSettings['onLive'];
  /** How long replaced files keep their inode; default 0. */
  readonly holdSeconds?: number;
  readonly builds?: EngineSettings['builds'];
  readonly buildMinutes?: EngineSettings['buildMinutes'];
}

export function labEngine(lab: LabOptions): Promise<Engine> {
  const plugins = [...ownPlugins, ...(lab.plugins ?? [])];
  const options = Object.fromEntries(
    plugins.map((plugin) => [plugin.name, plugin.options.parse(lab.options?.[plugin.name] ?? {})]),
  );
  const { holdSeconds = 0 } = lab;
  const roots = Object.entries(ranks).map(([name, rank]) => ({ name, dir: join(lab.dir, name), rank, holdSeconds }));
  const settings: EngineSettings = {
    repository: lab.repository,
    state: join(lab.dir, '.state'),
    branch: 'main',
    target: 'mn',
    roots,
    images: lab.images ?? 'external',
    reloads: false,
    onStep: lab.onStep,
    onRemoval: lab.onRemoval,
    onLive: lab.onLive,
    builds: lab.builds,
    buildMinutes: lab.buildMinutes,
  };
  return openEngine(settings, plugins, options);
}

/** Moves main as a push would, without asking anybody. */
export function setMain(repository: string, commit: string): void {
  execFileSync('git', ['-C', repository, 'update-ref', 'refs/heads/main', commit]);
}

export function temporary(name: string): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), `litehouse-${name}-`));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Create-only directories are left out of the invariant: they stay when nothing names them any more (RULES). */
function withoutCreateOnly(tree: ReadonlyMap<string, string>, engine: Engine, root: string): [string, string][] {
  return [...tree].filter(([path]) => engine.world?.roots.get(root)?.get(path)?.lifetime !== 'create-only');
}

/**
 * Everything that the invariant compares (RULES, The invariant): every path of every managed root by content, type, owner and
 * mode, and every node's answer. Answers name their commit, which the caller makes equal by applying the same one.
 */
export function worldOf(engine: Engine, dir: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const root of ['install', 'syncdirs', 'exports', 'tftp']) {
    const tree = existsSync(join(dir, root))
      ? readTree(join(dir, root), root === 'exports' ? dir : undefined)
      : new Map<string, string>();
    found[root] = Object.fromEntries(withoutCreateOnly(tree, engine, root));
  }
  found.answers = Object.fromEntries(
    [...(engine.world?.answers.keys() ?? [])].map((node) => [node, engine.answer(node).text]),
  );
  found.addresses = Object.fromEntries(engine.world?.addresses ?? []);
  return found;
}

/** A fresh apply of a commit into an empty world. */
export async function freshWorld(
  repository: string,
  commit: string,
  more: Partial<LabOptions> = {},
): Promise<Record<string, unknown>> {
  const { dir, remove } = temporary('fresh');
  setMain(repository, commit);
  const engine = await labEngine({ ...more, repository, dir });
  try {
    const result = await engine.reconcile('test');
    if (!result.ok) throw new Error(result.lines.join('\n'));
    return worldOf(engine, dir);
  } finally {
    await engine.close();
    remove();
  }
}

export const read = (path: string): string => readFileSync(path, 'utf8');
