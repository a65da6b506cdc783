/** Asking about a server directory: the running server where there is one, else an engine of our own under the lock. */
import { stat } from 'node:fs/promises';
import type { Engine } from '../../core/engine/types.ts';
import { schemas } from '../../core/tables/schemas.ts';
import { ownPlugins } from '../../plugins/index.ts';
import { Failure, mendOf } from '../command/failure.ts';
import { type LoadedPlugins, loadPlugins, setUpPlugins } from '../plugins.ts';
import { engineSettings, readSettings, type Settings } from '../settings.ts';
import { type Holder, type LockOutcome, takeLock } from './lock.ts';
import { lockFile, type Occupant, occupantOf, type ServerNote } from './note.ts';

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
  patience: Patience = {},
): Promise<T> {
  const settings = await readSettings(dir);
  const wait = waiting(patience);
  for (;;) {
    const occupant = await occupantOf(settings);
    if (occupant.kind === 'server') return ask.server(occupant.note);
    if (occupant.kind === 'nobody') {
      await needRepository(settings);
      const outcome = await takeLockOf(settings, doing);
      if (outcome.kind === 'taken') return withEngine(settings, outcome.release, ask.engine);
    } else if (!(await wait(occupant))) throw occupied(settings, occupant);
  }
}

/** The server that answers for a directory, waited for where it is just starting or stopping; undefined where there is none. */
export async function awaitServer(settings: Settings, patience: Patience = {}): Promise<ServerNote | undefined> {
  const wait = waiting(patience);
  for (;;) {
    const occupant = await occupantOf(settings);
    if (occupant.kind === 'server') return occupant.note;
    if (occupant.kind === 'nobody' || occupant.kind === 'command') return undefined;
    if (!(await wait(occupant))) throw occupied(settings, occupant);
  }
}

async function needRepository({ dir, repository }: Settings): Promise<void> {
  if ((await stat(repository).catch(() => undefined)) !== undefined) return;
  throw new Failure({
    what: `${dir} is no server directory`,
    why: `it has no config.git`,
    mend: `name one with --dir or LITEHOUSE_DIR, or make it: litehouse init --dir ${dir}`,
  });
}

async function withEngine<T>(
  settings: Settings,
  release: () => Promise<void>,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
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

/**
 * Takes the directory's lock for what needs the server gone. Waits for a command, and for a server that stops; throws a Failure that
 * names who has it where a server runs or starts, or where it takes too long.
 */
export async function lockOrFail(
  settings: Pick<Settings, 'dir' | 'state'>,
  doing: string,
  patience: Patience = {},
): Promise<() => Promise<void>> {
  const wait = waiting(patience);
  let stops: Holder | undefined;
  for (;;) {
    const outcome = await takeLockOf(settings, doing);
    if (outcome.kind === 'taken') return outcome.release;
    let occupant = await occupantOf(settings);
    if (occupant.kind === 'nobody') continue;
    if (occupant.kind === 'stopping') stops = occupant.holder;
    // A stop removes its note before it gives the lock back: in between it looks like a start.
    if (occupant.kind === 'starting' && isSame(occupant.holder, stops)) occupant = { ...occupant, kind: 'stopping' };
    if (occupant.kind === 'server' || occupant.kind === 'starting') {
      const { pid } = outcome.holder;
      throw new Failure({
        what: `${settings.dir} is in use by process ${pid} (litehouse serve)`,
        why: 'one process at a time works on a server directory',
        mend: doing === 'init' ? 'nothing is to be made: a server runs there' : `stop it first: kill ${pid}`,
      });
    }
    if (!(await wait(occupant))) throw occupied(settings, occupant);
  }
}

function isSame(holder: Holder, other: Holder | undefined): boolean {
  return holder.pid === other?.pid && holder.started === other.started;
}

async function takeLockOf(settings: Pick<Settings, 'dir' | 'state'>, doing: string): Promise<LockOutcome> {
  return takeLock(lockFile(settings), doing).catch((error: NodeJS.ErrnoException) => {
    throw new Failure({
      what: `cannot work in ${settings.dir}`,
      why: error.message,
      mend: mendOf(error) ?? 'see that the directory is there and can be written, or choose another --dir',
    });
  });
}

type Passing = Occupant & { readonly kind: 'starting' | 'stopping' | 'command' };

/** How those are waited for that soon are done. */
export interface Patience {
  readonly milliseconds?: number;
  /** Hears once for whom. */
  readonly onWait?: (occupant: Passing) => void;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

const lookAgainMilliseconds = 50;

/** Gives a function that waits a moment; false: there was enough of that. */
function waiting({ milliseconds = 10_000, onWait, signal }: Patience): (occupant: Passing) => Promise<boolean> {
  const end = performance.now() + milliseconds;
  let said = false;
  return async (occupant) => {
    if (signal?.aborted === true || performance.now() >= end) return false;
    if (!said) onWait?.(occupant);
    said = true;
    await new Promise((resolve) => setTimeout(resolve, lookAgainMilliseconds));
    return true;
  };
}

/** Never says to stop a server: what it does as it starts or stops is what others wait for. */
function occupied({ dir }: Pick<Settings, 'dir'>, { kind, holder }: Passing): Failure {
  const { pid, doing } = holder;
  if (kind === 'command')
    return new Failure({
      what: `${dir} is in use by process ${pid} (litehouse ${doing})`,
      why: 'one process at a time works on a server directory',
      mend: 'wait until it is done, or choose another --dir',
    });
  return new Failure({
    what: `the server on ${dir} is ${kind} (process ${pid})`,
    why: kind === 'starting' ? 'it does not answer yet' : 'pushes and requests under way have up to 30 s each to end',
    mend: `wait until it ${kind === 'starting' ? 'answers' : 'has ended'}, and do this again; its log says what it does`,
  });
}
