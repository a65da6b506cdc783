/** Asking about a server directory: the running server where there is one, else an engine of our own under the lock. */
import { stat } from 'node:fs/promises';
import type { Engine } from '../../core/engine/types.ts';
import { schemas } from '../../core/tables/schemas.ts';
import { ownPlugins } from '../../plugins/index.ts';
import { Failure, mendOf } from '../command/failure.ts';
import { type LoadedPlugins, loadPlugins, setUpPlugins } from '../plugins.ts';
import { engineSettings, readSettings, type Settings } from '../settings.ts';
import { takeLock } from './lock.ts';
import { findServer, lockFile, type ServerNote } from './note.ts';

/** litehouse's own plugins and those of the settings, checked. */
export async function pluginsOf(settings: Settings): Promise<LoadedPlugins> {
  const loaded = await loadPlugins(settings, ownPlugins, schemas.values());
  // A plugin whose setup throws is found here, where it can be named; the engine sets up its own.
  setUpPlugins(loaded);
  return loaded;
}

/** Asks the running server, or an engine opened for this one question. `doing` stands in the lock. */
export async function askEngine<T>(
  dir: string,
  doing: string,
  ask: { readonly server: (server: ServerNote) => Promise<T>; readonly engine: (engine: Engine) => Promise<T> },
): Promise<T> {
  const settings = await readSettings(dir);
  const server = await findServer(settings);
  return server === undefined ? withEngine(settings, doing, ask.engine) : ask.server(server);
}

async function withEngine<T>(settings: Settings, doing: string, work: (engine: Engine) => Promise<T>): Promise<T> {
  if ((await stat(settings.repository).catch(() => undefined)) === undefined) {
    throw new Failure({
      what: `${settings.dir} is no server directory`,
      why: `it has no config.git`,
      mend: `name one with --dir, or make it: litehouse init --dir ${settings.dir}`,
    });
  }
  const release = await lockOrFail(settings, doing);
  try {
    const { plugins, options } = await pluginsOf(settings);
    // Loaded late: commands that only read start without the store and its native code.
    const { openEngine } = await import('../../core/engine/engine.ts');
    const engine = await openEngine(engineSettings(settings), plugins, options);
    try {
      return await work(engine);
    } finally {
      await engine.close();
    }
  } finally {
    await release();
  }
}

/** Takes the directory's lock, or throws a Failure that names who has it. */
export async function lockOrFail(
  settings: Pick<Settings, 'dir' | 'state'>,
  doing: string,
): Promise<() => Promise<void>> {
  const outcome = await takeLock(lockFile(settings), doing).catch((error: NodeJS.ErrnoException) => {
    throw new Failure({
      what: `cannot work in ${settings.dir}`,
      why: error.message,
      mend: mendOf(error) ?? 'see that the directory is there and can be written, or choose another --dir',
    });
  });
  if (outcome.kind === 'taken') return outcome.release;
  const { holder } = outcome;
  throw new Failure({
    what: `${settings.dir} is in use by process ${holder.pid} (litehouse ${holder.doing})`,
    why: 'one process at a time works on a server directory',
    mend:
      holder.doing === 'serve' ? `stop it first: kill ${holder.pid}` : 'wait until it is done, or choose another --dir',
  });
}
