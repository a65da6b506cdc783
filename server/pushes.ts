/** Receives pushes by every way: installs the hooks, listens for them, and lets pushes under way end when the server stops. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pushNotChecked } from '../core/diagnostic/catalogue/repo.ts';
import type { Engine } from '../core/engine/types.ts';
import type { Repository } from '../core/repo/repository.ts';
import { type AppliedLog, appliedLog } from './applied-log.ts';
import { Failure } from './command/failure.ts';
import { installHooks } from './git/install-hooks.ts';
import { pushGate } from './git/push-gate.ts';
import { listenForPushes, type Push, type PushHandlers } from './git/push-listener.ts';
import type { Turns } from './git/turns.ts';
import type { Log } from './log.ts';
import { pushJudge } from './push-judge.ts';
import type { ServerMetrics } from './server-metrics.ts';
import { branch, type Settings } from './settings.ts';

/** The compiled hook: git starts it with every push, so it is never run from the sources. */
function hookProgram(): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(here.endsWith('.ts') ? '../dist/server/git/hook.js' : './git/hook.js', here));
}

function pushSocket(settings: Settings): string {
  return settings.pushes.socket ?? join(settings.state, 'push.sock');
}

/** Writes the hooks of a repository anew. From then on no push gets in unchecked: without a server it is refused. */
export async function installPushHooks(settings: Settings): Promise<void> {
  await installHooks(settings.repository, {
    hookProgram: hookProgram(),
    node: process.execPath,
    socket: pushSocket(settings),
    startCommand: `litehouse serve --dir ${settings.dir}`,
  });
}

/** Opens the push socket, where the hooks ask; gives the closer, which waits for pushes under way. */
export async function receivePushes(
  settings: Settings,
  engine: Engine,
  repository: Repository,
  log: Log,
  metrics?: Pick<ServerMetrics, 'pushes'>,
  turns?: Turns,
  applied: AppliedLog = appliedLog(log),
): Promise<(graceMilliseconds: number) => Promise<void>> {
  const judge = pushJudge({
    engine,
    parentsOf: async (commit) => (await repository.commitInfo(commit)).parents,
    log: (what, { pusher, via, new: commit, options }) => {
      metrics?.pushes.add(what);
      log('info', `push ${what}`, {
        pusher,
        via,
        commit: commit.slice(0, 10),
        options: options.join(',') || undefined,
      });
    },
    onApplied: (_commit, pusher, result) => applied(result, { pusher }),
  });
  const say = (line: string): void => log('warn', 'push', { said: line });
  const gate = pushGate({ repository, judge, branch, log: say, turns });
  const { handlers, refuseMore, idle } = countUnderWay(gate);
  let listener: Awaited<ReturnType<typeof listenForPushes>>;
  try {
    listener = await listenForPushes(
      { socketPath: pushSocket(settings), setting: 'pushes.socket', log: say },
      handlers,
    );
  } catch (error) {
    throw new Failure({
      what: 'cannot listen for pushes',
      why: (error as Error).message,
      mend: 'see what is said above; "pushes": { "socket": … } in litehouse.json moves the socket',
    });
  }
  return async (graceMilliseconds) => {
    refuseMore();
    await Promise.race([idle(), new Promise((resolve) => setTimeout(resolve, graceMilliseconds).unref())]);
    await listener.close();
  };
}

/** So long git may take to move refs once a push is accepted. */
const movesWithinMilliseconds = 5_000;

/** Handlers that know whether a push is under way, and that take no more once the server stops. */
function countUnderWay(gate: PushHandlers): {
  readonly handlers: PushHandlers;
  refuseMore(): void;
  idle(): Promise<void>;
} {
  const underWay = new Set<Promise<unknown>>();
  /** Accepted pushes of which git has not told yet that their refs moved, by what they move. */
  const accepted = new Map<string, () => void>();
  let stopping = false;
  const count = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  };
  const told = (push: string): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        accepted.delete(push);
        resolve();
      };
      // git may find on its own that it cannot move them, and then nobody is told.
      const timer = setTimeout(done, movesWithinMilliseconds);
      accepted.set(push, done);
    });
  return {
    handlers: {
      async preReceive(push, source, print, signal) {
        // Else those who push without end would keep it from stopping until its patience ends.
        if (stopping) return refuseLate(print);
        const verdict = await count(gate.preReceive(push, source, print, signal));
        // Between the verdict and the apply git moves the refs: the push is under way all the same.
        if (verdict.accept) void count(told(nameOf(push)));
        return verdict;
      },
      postReceive(push, print) {
        accepted.get(nameOf(push))?.();
        return count(gate.postReceive(push, print));
      },
      linger: gate.linger,
    },
    refuseMore() {
      stopping = true;
    },
    async idle() {
      do {
        await Promise.allSettled(underWay);
        // The last verdict, and what was said of the last apply, are sent before their connection is closed.
        await new Promise((resolve) => setImmediate(resolve));
      } while (underWay.size > 0);
    },
  };
}

function nameOf({ updates }: Push): string {
  return updates.map((update) => `${update.ref} ${update.old} ${update.new}`).join('\n');
}

function refuseLate(print: (line: string) => void): { readonly accept: false } {
  const { severity, code, message } = pushNotChecked(undefined, { why: 'litehouse is stopping' });
  for (const line of [`${severity} ${code}: ${message}`, '  push again when it runs', 'nothing was changed'])
    print(line);
  return { accept: false };
}
