/** Receives pushes by every way: installs the hooks, listens for them, and lets pushes under way end when the server stops. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../core/engine/types.ts';
import type { Repository } from '../core/repo/repository.ts';
import { Failure } from './command/failure.ts';
import { installHooks } from './git/install-hooks.ts';
import { pushGate } from './git/push-gate.ts';
import { listenForPushes, type PushHandlers } from './git/push-listener.ts';
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
    onApplied: (commit, pusher, { ok, lines }) =>
      log(ok ? 'info' : 'error', ok ? 'applied' : 'not applied', {
        commit: commit.slice(0, 10),
        pusher,
        said: lines[0],
      }),
  });
  const say = (line: string): void => log('warn', 'push', { said: line });
  const gate = pushGate({ repository, judge, branch, log: say, turns });
  const { handlers, idle } = countUnderWay(gate);
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
    await Promise.race([idle(), new Promise((resolve) => setTimeout(resolve, graceMilliseconds).unref())]);
    await listener.close();
  };
}

/** Handlers that know whether a push is under way. */
function countUnderWay(gate: PushHandlers): { readonly handlers: PushHandlers; idle(): Promise<void> } {
  const underWay = new Set<Promise<unknown>>();
  const count = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  };
  return {
    handlers: {
      preReceive: (push, source, print, signal) => count(gate.preReceive(push, source, print, signal)),
      postReceive: (push, print) => count(gate.postReceive(push, print)),
    },
    async idle() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}
