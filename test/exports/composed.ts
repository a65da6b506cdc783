/** Files for NFS servers as the engine composes them, from sample repositories and hand-made views. */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planningContext, previewSnapshot } from '../../core/engine/preview.ts';
import { composeWorld } from '../../core/plan/compose.ts';
import { makePlan } from '../../core/plan/make-plan.ts';
import type { World } from '../../core/plan/world.ts';
import { managementNode } from '../../core/plugin/output.ts';
import type { Place } from '../../core/plugin/plugin.ts';
import { type FakeView, fakeView } from '../../core/plugin/testing/view.ts';
import { openFolder } from '../../core/repo/folder-snapshot.ts';
import { ownPlugins } from '../../plugins/index.ts';
import { nfsExports } from '../../plugins/nfs-exports/index.ts';

export interface Composed {
  readonly kernel: string;
  readonly ganesha: string;
}

const samples = fileURLToPath(new URL('../samples', import.meta.url));

/** The options under test: both files. */
const both = { form: 'both' } as const;

function filesOf(world: World): Composed {
  const text = (path: string): string => {
    const entry = world.roots.get('exports')?.get(path);
    if (entry?.kind !== 'file' || !('text' in entry.content)) throw new Error(`the world has no ${path}`);
    return entry.content.text;
  };
  return { kernel: text('litehouse.exports'), ganesha: text('litehouse.ganesha.conf') };
}

/** What the engine composes of a view made by hand. */
export function composedOf(given: FakeView, place?: Place, options: object = {}): Composed {
  const hooks = nfsExports.setup(nfsExports.options.parse({ ...both, ...options }));
  const plan = makePlan(fakeView(given), [{ plugin: nfsExports, hooks }], managementNode, new Map(), place);
  return filesOf(composeWorld(plan, new Map(), () => true, undefined).world);
}

/** The world of every sample that can be planned, by name; `place`: the host that it is planned for. */
export async function composedSamples(place: Place): Promise<ReadonlyMap<string, Composed>> {
  const found = new Map<string, Composed>();
  for (const entry of readdirSync(samples, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const plugins = ownPlugins.map((plugin) => ({
      plugin,
      hooks: plugin.setup(plugin.options.parse(plugin === nfsExports ? both : {})),
    }));
    const work = mkdtempSync(join(tmpdir(), 'litehouse-exports-'));
    try {
      for (const layer of ['base/repo', `${entry.name}/before`, `${entry.name}/repo`]) lay(join(samples, layer), work);
      const context = planningContext(plugins, { place });
      const { world } = await previewSnapshot(await openFolder(work), { plugins, context });
      if (world !== undefined) found.set(entry.name, filesOf(world));
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return found;
}

/** Lays a sample's folder over another; an empty file takes one away, as in test/samples. */
function lay(layer: string, over: string): void {
  if (!existsSync(layer)) return;
  cpSync(layer, over, { recursive: true, verbatimSymlinks: true });
  for (const entry of readdirSync(layer, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && statSync(file).size === 0) rmSync(join(over, relative(layer, file)));
  }
}

/** The directories that an exports(5) file names. */
export function exportedDirectories(kernel: string): string[] {
  return kernel
    .split('\n')
    .filter((line) => line.startsWith('/'))
    .map((line) =>
      (line.split(' ')[0] ?? '').replace(/\\(\d{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8))),
    );
}
