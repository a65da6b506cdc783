/** A whole server in one process: the engine, its two listeners, the watcher, and their orderly end. */
import { randomBytes } from 'node:crypto';
import { getRequestListener } from '@hono/node-server';
import { openEngine } from '../core/engine/engine.ts';
import type { Engine } from '../core/engine/types.ts';
import { Repository } from '../core/repo/repository.ts';
import { type AdminParts, adminApp } from './admin/app.ts';
import { EventFeed } from './admin/events.ts';
import { tokenFile, watchTokens } from './admin/tokens.ts';
import { type AppliedLog, appliedLog } from './applied-log.ts';
import type { Failure } from './command/failure.ts';
import { daily, forgetNodes } from './daily.ts';
import { openEdits } from './edits.ts';
import { gitRoutes } from './git/smart-http.ts';
import { Turns } from './git/turns.ts';
import { adminServerOptions, type Listener, listen, nodeServerOptions } from './listen.ts';
import { type ListenAddress, urlOf } from './listen-address.ts';
import type { Log } from './log.ts';
import { makeServerDir } from './make-dir.ts';
import { NodeFigures } from './node/figures.ts';
import { sinceStart } from './node/limits.ts';
import { NodeThread } from './node/thread.ts';
import { RefusalLog } from './once-a-minute.ts';
import { type ConnectionLimits, connectionLimits, openFileLimit } from './open-files.ts';
import { receivePushes } from './pushes.ts';
import { statusWithBoots } from './reports/counts.ts';
import { type NodeReports, openReports } from './reports/reports.ts';
import { lockOrFail, pluginsOf } from './running/engine.ts';
import { removeNote, type ServerNote, writeNote } from './running/note.ts';
import { type ServerMetrics, serverMetrics } from './server-metrics.ts';
import { engineSettings, type Settings } from './settings.ts';
import { startTftp } from './tftp/server.ts';
import { version } from './version.ts';
import { watchRefs } from './watch.ts';

/** How long requests and pushes under way may take to end once the server stops. */
const graceMilliseconds = 30_000;

export interface RunningServer {
  readonly engine: Engine;
  readonly reports: NodeReports;
  readonly urls: { readonly admin: string; readonly node: string; readonly tftp?: string };
  /** Whether this start made the repository. */
  readonly made: boolean;
  /** Resolves where nodes are answered no more, and the server has to end. */
  readonly failed: Promise<Failure>;
  /** Takes nothing new, lets pushes end (for 30 s at most), closes the engine, gives the lock back. */
  stop(): Promise<void>;
}

/** So long a start waits for a command that has the directory, or for a server that stops. */
const patienceMilliseconds = 30_000;

/**
 * Starts a server on the settings' directory and gives it back once what main says is in effect (or is known to be
 * refused), or once `told` to stop; it takes requests and pushes already before that, and so is stopped as any other. Throws a
 * Failure where something stands in the way; what was opened before is closed again.
 */
export async function startServer(settings: Settings, log: Log, told?: AbortSignal): Promise<RunningServer> {
  const undo: (() => Promise<void>)[] = [];
  let note: ServerNote | undefined;
  const stop = async (): Promise<void> => {
    const noted = note;
    note = undefined;
    // Commands wait for the end then, and do not take it for a server that hangs.
    if (noted !== undefined)
      await writeNote(settings, { ...noted, stopping: true }).catch((error: Error) =>
        log('warn', 'stopping', { error: error.message }),
      );
    for (let close = undo.pop(); close !== undefined; close = undo.pop()) {
      await close().catch((error: unknown) => log('error', 'stopping', { error: String(error) }));
    }
  };
  try {
    const release = await lockOrFail(settings, 'serve', {
      milliseconds: patienceMilliseconds,
      onWait: ({ kind, holder }) =>
        log('info', 'waiting', {
          process: holder.pid,
          for: `litehouse ${holder.doing}`,
          stopping: kind === 'stopping',
        }),
      ...(told === undefined ? {} : { signal: told }),
    });
    undo.push(release);
    // One that a kill left counts for a process of the same id, which a container gives again.
    await removeNote(settings);
    // Removed last, so that whoever comes meanwhile reads that it stops.
    undo.push(() => removeNote(settings));
    const made = await makeServerDir(settings);
    if (made) log('info', 'made repository', { path: settings.repository });
    const figures = new NodeFigures();
    const most = limitsOf(settings, log);
    // Its modules load while the engine opens.
    const nodes = new NodeThread({
      figures,
      log,
      trustedProxies: settings.trustedProxies,
      tree: settings.roots.get('tftp'),
      server: { maxConnections: most.node },
    });
    undo.push(() => nodes.end());
    const engine = await openEngineOf(settings);
    undo.push(() => engine.close());
    const repository = await Repository.open(settings.repository);
    undo.push(() => repository.close());
    const metrics = serverMetrics(engine, version, figures);
    const turns = new Turns();
    const applied = appliedLog(log);
    const closePushes = await receivePushes(settings, engine, repository, log, metrics, turns, applied);
    undo.push(() => closePushes(graceMilliseconds));
    const reports = await openReports(settings.state, {
      log,
      onFailing: (failing) => {
        figures.failing = failing;
      },
    });
    undo.push(() => reports.close());
    const undoHolds = reports.on((name, { stage, commit, generation }) => {
      if (stage === 'booted' && commit !== undefined) engine.booted(name, commit, generation);
    });
    undo.push(async () => undoHolds());
    const undoBoots = engine.onBootsProblem((error) => {
      if (error === undefined) log('info', 'what nodes booted is written again');
      else log('error', 'what nodes booted is not written', { error, hint: 'it waits, and is tried again' });
    });
    undo.push(async () => undoBoots());
    const look = lookWith(engine, applied);
    let onEnd: (failure: Failure) => void = () => {};
    const failed = new Promise<Failure>((resolve) => {
      onEnd = resolve;
    });
    // Both ports are taken before the first apply, so that a taken one is found in the first instant and not after minutes.
    const node = await nodes.listen({ address: settings.nodeListen, engine, reports, onEnd });
    undo.push(() => node.close(graceMilliseconds));
    const tftp = await openTftp(settings, log, metrics, undo);
    const listeners = { node: node.address, ...(tftp === undefined ? {} : { tftp }) };
    const edit = openEdits({
      engine,
      repository,
      turns,
      log: (what, facts) => log('info', what, facts),
      onApplied: (result, by) => applied(result, { by }),
    });
    const parts = { engine, repository, metrics, reports, listeners, edit };
    const { admin, key } = await openAdmin(settings, parts, log, most.admin, undo);
    const noted = {
      ...{ pid: process.pid, admin: admin.url, node: node.url },
      ...{ started: new Date().toISOString(), key },
    };
    await writeNote(settings, noted);
    note = noted;
    await Promise.race([look('start'), toldToStop(told)]);
    undo.push(watchRefs(settings.repository, settings.pollSeconds, (reason) => void look(reason)));
    undo.push(logBuilds(engine, log));
    undo.push(daily('tidying the repository', () => repository.tidy(), log));
    undo.push(daily('forgetting nodes', () => forgetNodes(engine, reports, log), log));
    const urls = { admin: admin.url, node: node.url, ...(tftp === undefined ? {} : { tftp: tftpUrl(tftp) }) };
    return { engine, reports, urls, made, failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function toldToStop(told: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (told?.aborted === true) resolve();
    told?.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** How many connections the listeners may have, with a line in the log where that is fewer than a boot storm may need. */
function limitsOf({ tftpListen }: Settings, log: Log): ConnectionLimits {
  const most = { node: nodeServerOptions.maxConnections, admin: adminServerOptions.maxConnections };
  const openFiles = openFileLimit();
  if (openFiles === undefined) return most;
  const limits = connectionLimits(openFiles, most, tftpListen !== undefined);
  if (limits.node < most.node)
    log('warn', 'few open files', {
      limit: openFiles,
      connections: limits.node,
      hint: `ulimit -n 65536 before the start (systemd: LimitNOFILE=65536) lets ${most.node} nodes connect at once`,
    });
  return limits;
}

async function openTftp(
  settings: Settings,
  log: Log,
  metrics: ServerMetrics,
  undo: (() => Promise<void>)[],
): Promise<ListenAddress | undefined> {
  const root = settings.roots.get('tftp');
  if (settings.tftpListen === undefined || root === undefined) return undefined;
  const server = await startTftp({ root, listen: settings.tftpListen, log });
  undo.push(() => server.close(graceMilliseconds));
  metrics.tftp(() => server.figures());
  const { host } = settings.tftpListen;
  const { port } = server.addresses()[0] ?? settings.tftpListen;
  return { host, port };
}

function tftpUrl(address: ListenAddress): string {
  return urlOf(address).replace(/^http/, 'tftp');
}

async function openEngineOf(settings: Settings): Promise<Engine> {
  const { plugins, options } = await pluginsOf(settings);
  return openEngine(engineSettings(settings), plugins, options);
}

async function openAdmin(
  settings: Settings,
  parts: Pick<AdminParts, 'engine' | 'metrics' | 'edit' | 'listeners'> & {
    readonly repository: Repository;
    readonly reports: NodeReports;
  },
  log: Log,
  maxConnections: number,
  undo: (() => Promise<void>)[],
): Promise<{ readonly admin: Listener; readonly key: string }> {
  const { engine, repository, reports } = parts;
  const key = randomBytes(32).toString('base64url');
  const refusals = new RefusalLog(log, sinceStart);
  const events = new EventFeed({
    on: (event, listener) => engine.on(event, listener),
    status: () => statusWithBoots(engine, reports),
  });
  const { app, guard } = adminApp({
    ...parts,
    events,
    access: {
      tokens: watchTokens(tokenFile(settings.state), {
        own: key,
        onDamage: (error) => log('error', 'tokens', { error }),
      }),
      anonymousOnLoopback: settings.access.anonymousOnLoopback,
    },
    snapshot: async (name) => {
      const oid = (await repository.head(name)) ?? (await repository.resolve(name));
      return oid === undefined ? undefined : repository.snapshot(oid);
    },
    onRefused({ source, asked, status, wrong, reason }) {
      parts.metrics.refusals.add(wrong);
      refusals.refused(source, asked, status, reason);
    },
    onError: (error, path) => log('error', 'request failed', { path, error: error.message }),
  });
  app.route(
    '/',
    gitRoutes({
      repositoryDir: settings.repository,
      authorize(c, access) {
        const caller = guard(c, access);
        return caller instanceof Response ? caller : { pusher: caller.name };
      },
      log: (line) => log('warn', 'git', { said: line }),
    }),
  );
  const admin = await listen({
    address: settings.adminListen,
    name: 'admin',
    flag: '--admin',
    handler: getRequestListener(app.fetch),
    server: { ...adminServerOptions, maxConnections },
  });
  undo.push(() => admin.close(graceMilliseconds));
  // Before the listener, which waits for responses under way: those of the feed end with it.
  undo.push(async () => events.close());
  return { admin, key };
}

/** Asks the engine to look at the branch. A commit that cannot be applied is logged once, not at every poll. */
function lookWith(engine: Engine, applied: AppliedLog): (reason: string) => Promise<void> {
  let said = '';
  return async (reason) => {
    const result = await engine.reconcile(reason);
    const { changed, ok, lines } = result;
    const text = lines.join('\n');
    if (!changed && (ok || text === said)) return;
    said = ok ? '' : text;
    applied(result, { reason });
  };
}

function logBuilds(engine: Engine, log: Log): () => Promise<void> {
  const off = engine.on('build', (line) => log('info', 'build', { said: line }));
  return async () => off();
}
