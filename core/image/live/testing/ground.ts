/** Generations for tests of live files: a clone with links, sets made from short words, and tools that need no engine. */
import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LiveFile, LiveSet } from '../../../plan/live.ts';
import type { LinkEntry } from '../../liteimg/entry.ts';
import { linkImage } from '../../liteimg/link-image.ts';
import { cloneTree, scratchTree } from '../../liteimg/testing/trees.ts';
import type { LiveTools } from '../disk.ts';
import { type Laying, planLaying } from '../lay.ts';

/** Path to content of a file, or to `> text` of a link. */
export type LiveWords = Readonly<Record<string, string>>;

const contents = new Map<string, string>();

export function setOf(words: LiveWords, modes: Readonly<Record<string, number>> = {}): LiveSet {
  const files = new Map<string, LiveFile>();
  for (const [path, word] of Object.entries(words)) {
    for (let slash = path.indexOf('/', 1); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const up = path.slice(0, slash);
      const mode = modes[up] ?? 0o755;
      files.set(up, { path: up, kind: 'directory', mode, uid: 0, gid: 0, digest: `directory ${mode} 0:0` });
    }
    const mode = modes[path] ?? 0o644;
    const blob = createHash('sha1')
      .update(`blob ${Buffer.byteLength(word)}\0${word}`)
      .digest('hex');
    contents.set(blob, word);
    if (word.startsWith('> ')) files.set(path, { path, kind: 'link', to: word.slice(2), digest: `link ${word}` });
    else files.set(path, { path, kind: 'file', blob, mode, uid: 0, gid: 0, digest: `file ${blob} ${mode} 0:0` });
  }
  const sorted = [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const digest = createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 32);
  const output: LiveSet['output'] = {
    ...{ kind: 'live', target: 'mn', root: 'install', image: 'img', folder: 'images/img/rootimg' },
    ...{ leaveOut: [], attributes: [] },
  };
  return { plugin: 'test', output, files: sorted, digest };
}

export interface Generation {
  readonly directory: string;
  readonly rootimg: string;
  readonly hold: string;
}

/** A clone of a base, linked. */
export async function generationOf(base: string, entries: readonly LinkEntry[]): Promise<Generation> {
  const directory = scratchTree();
  const rootimg = join(directory, 'rootimg');
  mkdirSync(rootimg);
  cloneTree(base, rootimg);
  if (entries.length > 0) await linkImage(rootimg, entries);
  return { directory, rootimg, hold: mkdtempSync(join(scratchTree(), 'hold-')) };
}

export function toolsOf({ hold }: Generation, step?: LiveTools['step']): LiveTools {
  const temporary = mkdtempSync(join(hold, '..', 'tmp-'));
  let serial = 0;
  return {
    staged: async ({ blob, mode }) => {
      const path = join(temporary, `staged-${serial++}`);
      writeFileSync(path, contents.get(blob) ?? '');
      chmodSync(path, mode);
      utimesSync(path, 1e9, 1e9);
      return path;
    },
    temporary,
    hold: async (absolute) => linkSync(absolute, join(hold, `${readdirSync(hold).length}`)),
    asRoot: true,
    step,
  };
}

/** Lays a set; gives what that was, or undefined where there was nothing to do. */
export async function lay(
  generation: Generation,
  set: LiveSet,
  step?: LiveTools['step'],
  force?: ReadonlySet<string>,
): Promise<Laying | undefined> {
  const { laying } = await planLaying(generation.directory, set, force);
  await laying?.intend('c'.repeat(40));
  await laying?.lay(toolsOf(generation, step));
  await laying?.finish();
  return laying;
}
