/**
 * Artifacts (bases, initrds, generations): built once per digest, so many at once as the settings say, and put in place by one rename.
 *
 * Over 300 lines because the queue is one state: what is wanted, what runs and what is in place change together or not at all.
 */
import { chmod, mkdir, readdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readSecrets, secretsFile } from '../import/secrets-file.ts';
import type { ArtifactOutput, RootName } from '../plugin/output.ts';
import type { BuildContext, CommandRunner } from '../plugin/plugin.ts';
import { buildLogFile, openBuildLog } from './build-log.ts';
import { BuildEnded, type BuildPatience, type BuildWatch, buildPatience, duration, watchBuild } from './build-watch.ts';
import { explainFullDisk } from './full-disk.ts';
import { buildMark, endLeftovers } from './leftovers.ts';
import { linkedArtifacts, type OwnedArtifact, ownedArtifacts } from './owned.ts';
import { modeOfArtifact, placeArtifact } from './placing.ts';
import { dropParents, emptyTrash, type RemovalStep, takeAway } from './removal.ts';
import { locate, look, type Root } from './roots.ts';
import type { Store } from './store.ts';
import { lacking, lossOf } from './whole.ts';

const failureSchema = z.object({ at: z.number(), error: z.string(), log: z.array(z.string()) });

/** Why a build failed: milliseconds since 1970, the error's text, the last lines of its log. */
export type BuildFailure = z.infer<typeof failureSchema>;

export interface BuildState {
  readonly artifact: ArtifactOutput;
  readonly state: 'waiting' | 'building' | 'present' | 'failed';
  /** 0 to 1, as the plugin last said. */
  readonly progress: number | undefined;
  /** When the build under way began, in milliseconds since 1970. */
  readonly since: number | undefined;
  /** Last lines of the log of the build under way. */
  readonly log: readonly string[];
  readonly failure: BuildFailure | undefined;
  /** The file with the whole log, where the artifact was ever built. */
  readonly logFile: string | undefined;
}

export interface BuildQueueOptions {
  readonly roots: ReadonlyMap<RootName, Root>;
  readonly store: Store;
  /** Logs go to `<state>/builds/<digest>.log`. */
  readonly state: string;
  /** Calls the build hook of the artifact's plugin. */
  readonly build: (artifact: ArtifactOutput, context: BuildContext) => Promise<void>;
  /** The runner that a build gets: its commands end when the signal says so, their output goes to the log. */
  readonly runner: (
    signal?: AbortSignal,
    log?: (line: string) => void,
    environment?: Readonly<Record<string, string>>,
  ) => CommandRunner;
  /** Called when an artifact has become present or has failed (then with why): the engine composes its world again. */
  readonly onChange: (artifact: ArtifactOutput, failure?: string) => void;
  /** Hears each line of a build's log; `since`: when that build began, in milliseconds since 1970. */
  readonly onLine?: (artifact: ArtifactOutput, line: string, progress: number | undefined, since: number) => void;
  /** Something that nobody waits for went wrong: what was taken away could not be removed. */
  readonly onProblem?: (line: string) => void;
  /** Called within a removal, for tests that stop the process there. */
  readonly onRemoval?: (step: RemovalStep) => void;
  /** Builds at once; default 1. */
  readonly width?: number;
  /** How long builds may take, be silent, and need to end when they are aborted. */
  readonly patience?: BuildPatience;
}

interface Wanted {
  readonly artifact: ArtifactOutput;
  readonly commit: string;
  readonly readFile: (path: string) => Promise<Buffer>;
}
interface Running {
  readonly artifact: ArtifactOutput;
  readonly controller: AbortController;
  readonly ended: Promise<void>;
  readonly since: number;
  readonly log: string[];
  progress: number | undefined;
  readonly watch: BuildWatch;
  /** Writes a line as if the build had said it; nothing before its log is open, and after it was given up. */
  say: (line: string, progress?: number) => void;
}

const db = 'builds';
const keptLines = 200;
const failureLines = 30;
const closeMilliseconds = 2000;

export class BuildQueue {
  readonly #options: BuildQueueOptions;
  readonly #rows = new Map<string, { readonly root: Root; readonly path: string }>();
  readonly #running = new Map<string, Running>();
  #wanted = new Map<string, Wanted>();
  /** Ids that do not begin: somebody stops them. */
  readonly #stopping = new Set<string>();
  /** Failures that the store could not take: else the same build would begin again at once. */
  readonly #unwritten = new Map<string, BuildFailure>();
  #emptying: Promise<void> | undefined;
  #serial = 0;
  #closed = false;
  #idle: (() => void)[] = [];

  private constructor(options: BuildQueueOptions) {
    this.#options = options;
  }

  /** Opens the queue: removes unfinished builds, and settles which artifacts an earlier process had put in place. */
  static async open(options: BuildQueueOptions): Promise<BuildQueue> {
    const queue = new BuildQueue(options);
    await mkdir(join(options.state, 'builds'), { recursive: true });
    await endLeftovers([...options.roots.values()].map((root) => root.build));
    for (const root of options.roots.values()) {
      // An unfinished build may be a whole tree: nobody waits for its end.
      for (const name of await readdir(root.build)) {
        await rename(join(root.build, name), join(root.trash, `${name}-${Date.now()}`));
      }
      for (const row of [...root.manifest.rows.values()]) {
        if (row.kind !== 'artifact' || row.artifact === undefined) continue;
        // One rename puts a whole artifact in place; what somebody took from it since is looked at whenever it is asked for.
        const place = join(root.dir, row.path);
        const found = look(place);
        const there = found?.isDirectory() === true;
        if (row.pending) await root.manifest.write([there ? { done: row.path } : { gone: row.path }]);
        if (!there) continue;
        queue.#rows.set(row.artifact, { root, path: row.path });
        // An older version left trees open to all.
        const mode = modeOfArtifact(place);
        if ((found.mode & 0o7777) !== mode)
          await chmod(place, mode).catch((error: Error) =>
            options.onProblem?.(`${place} keeps the mode of an older version: ${error.message}`),
          );
      }
    }
    queue.#empty();
    return queue;
  }

  /** True when the artifact is in place. */
  present(id: string): boolean {
    return this.directoryOf(id) !== undefined;
  }

  /** Where an artifact lies; undefined when it is not in place, or a part of it is gone. */
  directoryOf(id: string): string | undefined {
    const row = this.#rows.get(id);
    if (row === undefined) return undefined;
    const directory = join(row.root.dir, row.path);
    // What an older version put in place has no list of its own.
    const holds = row.root.manifest.rows.get(row.path)?.holds ?? this.#wanted.get(id)?.artifact.holds;
    return lossOf(directory, { holds }) === undefined ? directory : undefined;
  }

  /** Every artifact that is ours. */
  owned(): OwnedArtifact[] {
    return ownedArtifacts(this.#options.roots.values());
  }

  /** Ids of the artifacts that links of ours lead to, or into. */
  linked(): Set<string> {
    return linkedArtifacts(this.#options.roots.values());
  }

  /** Why an artifact can't be removed now; undefined: it can. */
  busy(id: string): string | undefined {
    if (this.#wanted.has(id)) return 'the plan wants it';
    if (this.#running.has(id)) return 'it is being built';
    const user = [...this.#running.keys()].find((it) => this.#wanted.get(it)?.artifact.inputs.includes(id));
    return user === undefined ? undefined : `${user} is being built from it`;
  }

  /**
   * Removes an artifact that nothing needs: it is out of its place when this resolves, its space comes back a while later.
   * `wanted`: directories (root, path) that stay though they are empty. Rejects where the artifact is busy.
   */
  async remove(id: string, wanted: (root: RootName, path: string) => boolean = () => false): Promise<void> {
    const why = this.busy(id);
    if (why !== undefined) throw new Error(`${id} can't be removed: ${why}`);
    for (const root of this.#options.roots.values()) {
      for (const row of [...root.manifest.rows.values()]) {
        if (row.kind !== 'artifact' || row.artifact !== id) continue;
        this.#rows.delete(id);
        await takeAway(root, row, this.#options.onRemoval);
        await dropParents(root, row.path, (path) => wanted(root.name, path));
      }
    }
    await this.#forget(id);
    this.#empty();
  }

  /** Resolves when what was taken away is gone. */
  async emptied(): Promise<void> {
    await this.#emptying;
  }

  /** One removal at a time, after those under way. */
  #empty(): void {
    const run = this.#options.runner();
    const before = this.#emptying ?? Promise.resolve();
    this.#emptying = before.then(async () => {
      for (const root of this.#options.roots.values()) {
        await emptyTrash(root, run).catch((error: unknown) => {
          // What is left is tried again with the next removal, and at the next start.
          const text = error instanceof Error ? error.message : String(error);
          this.#options.onProblem?.(`what was removed from root ${root.name} still takes its space: ${text}`);
        });
      }
    });
  }

  /** Says what the plan wants now: missing ones are built, a build that is not in it any more is aborted. */
  want(
    artifacts: ReadonlyMap<string, ArtifactOutput>,
    commit: string,
    readFile: (path: string) => Promise<Buffer>,
  ): void {
    this.#wanted = new Map([...artifacts].map(([id, artifact]) => [id, { artifact, commit, readFile }]));
    for (const [id, running] of this.#running) {
      if (!this.#wanted.has(id)) running.controller.abort(new Error('no longer wanted'));
    }
    this.#next();
  }

  /** Of all wanted artifacts, how they stand. */
  states(): BuildState[] {
    return [...this.#wanted.values()].map(({ artifact }) => {
      const running = this.#running.get(artifact.id);
      const failure = this.failure(artifact.id);
      const state = this.present(artifact.id)
        ? 'present'
        : running !== undefined
          ? 'building'
          : failure !== undefined
            ? 'failed'
            : 'waiting';
      const logFile =
        running === undefined && failure === undefined ? undefined : buildLogFile(this.#options.state, artifact.digest);
      const { progress, since, log = [] } = running ?? {};
      return { artifact, state, progress, since, log, failure, logFile };
    });
  }

  failure(id: string): BuildFailure | undefined {
    const unwritten = this.#unwritten.get(id);
    if (unwritten !== undefined) return unwritten;
    const parsed = failureSchema.safeParse(this.#options.store.get(db, id));
    return parsed.success ? parsed.data : undefined;
  }

  /** Forgets a failure, so that the artifact is built again if it is wanted. */
  async retry(id: string): Promise<void> {
    await this.#forget(id);
    this.#next();
  }

  /**
   * Ends what is being built of these artifacts, and what would be next of them does not begin: each counts as failed, for `why`, until
   * it is tried again. Resolves with them when they have ended, or are not waited for any more.
   */
  async stop(ids: ReadonlySet<string>, why: string): Promise<ArtifactOutput[]> {
    for (const id of ids) this.#stopping.add(id);
    try {
      const running = [...this.#running].filter(([id]) => ids.has(id)).map(([, one]) => one);
      for (const { controller } of running) controller.abort(new BuildEnded(why));
      await Promise.allSettled(running.map(({ ended }) => ended));
      const stopped: ArtifactOutput[] = running
        .filter(({ artifact }) => this.failure(artifact.id)?.error === why)
        .map(({ artifact }) => artifact);
      // One that was finished at that very moment is there, and what is made from it would be next.
      for (const { artifact } of this.#wanted.values()) {
        if (!ids.has(artifact.id) || !this.#isNext(artifact)) continue;
        const file = await openBuildLog(buildLogFile(this.#options.state, artifact.digest));
        file.write(`${why} before it began`);
        file.end();
        await this.#fail(artifact, why, []);
        stopped.push(artifact);
        if (!this.#closed) this.#options.onChange(artifact, why);
      }
      return stopped;
    } finally {
      for (const id of ids) this.#stopping.delete(id);
      this.#next();
    }
  }

  /** Resolves when nothing is being built and nothing can be. */
  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Aborts what is being built and waits for its end. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const running of this.#running.values()) running.controller.abort(new Error('the server stops'));
    await Promise.allSettled([...this.#running.values()].map((running) => running.ended));
    // A large tree is not waited for: the next start goes on with it.
    await Promise.race([this.emptied(), sleep(closeMilliseconds, undefined, { ref: false })]);
  }

  /** Starts builds whose inputs are in place, in the order of the plan. */
  #next(): void {
    for (const wanted of this.#wanted.values()) {
      if (this.#closed || this.#running.size >= (this.#options.width ?? 1)) break;
      if (this.#isNext(wanted.artifact) && !this.#stopping.has(wanted.artifact.id)) this.#start(wanted);
    }
    if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Nothing but its turn keeps it from being built. */
  #isNext({ id, inputs }: ArtifactOutput): boolean {
    if (this.#running.has(id) || this.present(id) || this.failure(id) !== undefined) return false;
    return inputs.every((input) => this.present(input));
  }

  async #forget(id: string): Promise<void> {
    await this.#options.store.batch([{ db, key: id }]);
    this.#unwritten.delete(id);
  }

  /** A build often fails because a disk is full, and the store may lie on the same one. */
  async #fail({ id, name }: ArtifactOutput, error: string, log: readonly string[]): Promise<void> {
    const value: BuildFailure = { at: Date.now(), error, log: log.slice(-failureLines) };
    await this.#options.store.batch([{ db, key: id, value }]).catch((fault: unknown) => {
      this.#unwritten.set(id, value);
      const text = fault instanceof Error ? fault.message : String(fault);
      this.#options.onProblem?.(`that ${name} failed is not written down, and it is built again at a restart: ${text}`);
    });
  }

  #start(wanted: Wanted): void {
    const { artifact } = wanted;
    const controller = new AbortController();
    const log: string[] = [];
    const watch = watchBuild(controller, (line) => running.say(line), this.#options.patience);
    const ended = Promise.resolve().then(async () => {
      let failure: unknown;
      let news: { readonly failure?: string } | undefined;
      try {
        const abandoned = watch.abandoned.then(() => 'abandoned' as const);
        const outcome = await Promise.race([this.#build(wanted, running), abandoned]);
        if (outcome === 'abandoned') this.#giveUp(wanted, running);
        // Given up: the reason of its end tells a failure from what nobody wants.
        if (outcome === 'abandoned') failure = controller.signal.reason;
        else news = {};
      } catch (error) {
        failure = error;
      }
      watch.over();
      if (controller.signal.reason instanceof BuildEnded) failure = controller.signal.reason;
      if (news === undefined && (!controller.signal.aborted || failure instanceof BuildEnded)) {
        const text = failure instanceof Error ? failure.message : String(failure);
        await this.#fail(artifact, text, log);
        news = { failure: text };
      }
      this.#running.delete(artifact.id);
      // First the news, then the next build: the engine may want something else by now.
      if (news !== undefined && !this.#closed) this.#options.onChange(artifact, news.failure);
      this.#next();
    });
    const running: Running = {
      artifact,
      controller,
      ended,
      since: Date.now(),
      log,
      progress: undefined,
      watch,
      say: () => undefined,
    };
    this.#running.set(artifact.id, running);
  }

  /**
   * A build that was aborted and does not end loses its place: all others would wait for it. What it still does lies in a directory of
   * its own, and is never put in place.
   */
  #giveUp({ artifact }: Wanted, running: Running): void {
    const { ending } = this.#options.patience ?? buildPatience();
    const line = `the build was stopped and did not end within ${duration(ending)}: it is no longer waited for`;
    running.say(line);
    running.say = () => undefined;
    this.#options.onProblem?.(`${artifact.name}: ${line}; what it still holds goes with the server's next start`);
  }

  async #build({ artifact, commit, readFile }: Wanted, running: Running): Promise<void> {
    const root = this.#options.roots.get(artifact.root);
    if (root === undefined) throw new Error(`root '${artifact.root}' is not named in the settings`);
    const place = locate(root, artifact.path);
    const damaged = this.#damaged(root, artifact, place);
    if (look(place) !== undefined && !damaged)
      throw new Error(`${place} exists already and is not litehouse's; it is never overwritten`);
    const directory = join(root.build, `${process.pid}-${this.#serial++}`);
    const { signal } = running.controller;
    const file = await openBuildLog(buildLogFile(this.#options.state, artifact.digest));
    running.say = (line, progress) => {
      if (progress !== undefined) running.progress = progress;
      running.log.push(line);
      if (running.log.length > keptLines) running.log.shift();
      file.write(line);
      this.#options.onLine?.(artifact, line, running.progress, running.since);
    };
    const cache = join(this.#options.state, 'cache', artifact.plugin);
    let step: string | undefined;
    const log = (line: string, progress?: number): void => {
      if (progress !== undefined) step = line;
      running.watch.heard(line);
      running.say(line, progress);
    };
    try {
      await mkdir(directory, { mode: 0o700 });
      const inputs = new Map(artifact.inputs.map((id) => [id, this.directoryOf(id) ?? '']));
      const run = this.#options.runner(signal, log, { [buildMark]: directory });
      await mkdir(cache, { recursive: true, mode: 0o700 });
      const rootDirectory = (name: RootName) => this.#options.roots.get(name)?.dir;
      // Read anew for each question: an administrator adds one and tries the build again.
      const secret = async (name: string) => (await readSecrets(join(this.#options.state, secretsFile))).get(name);
      const { pause } = running.watch;
      const context = { directory, cache, rootDirectory, commit, inputs, run, log, pause, signal, readFile, secret };
      await this.#options.build(artifact, context);
      signal.throwIfAborted();
      const without = lacking(directory, artifact.holds);
      if (without.length > 0) throw new Error(`the build of ${artifact.name} left no ${without.join(' and no ')}`);
      await chmod(directory, modeOfArtifact(directory));
      await this.#options.runner(signal)('sync', ['-f', directory]);
      // Only now: what is left of it may serve somebody still.
      if (damaged) await this.#takeDamaged(root, artifact, place);
      signal.throwIfAborted();
      await placeArtifact(root, artifact, directory);
      this.#rows.set(artifact.id, { root, path: artifact.path });
    } catch (error) {
      // A command that was ended says only that; why is said by who ended it.
      const why: unknown =
        signal.reason instanceof BuildEnded
          ? signal.reason
          : await explainFullDisk(error, step, [directory, cache, tmpdir()]);
      log(`failed: ${why instanceof Error ? why.message : String(why)}`);
      // A half made tree may be large: out of the way now, gone a while later.
      await rename(directory, join(root.trash, `${process.pid}-${this.#serial++}-${Date.now()}`)).catch(
        () => undefined,
      );
      this.#empty();
      throw signal.reason instanceof BuildEnded ? error : why;
    } finally {
      file.end();
    }
  }

  /** Whether what stands in an artifact's place is the artifact itself, of which a part is gone. */
  #damaged(root: Root, { id, path }: ArtifactOutput, place: string): boolean {
    const row = root.manifest.rows.get(path);
    return row?.kind === 'artifact' && row.artifact === id && look(place)?.isDirectory() === true && !this.present(id);
  }

  async #takeDamaged(root: Root, artifact: ArtifactOutput, place: string): Promise<void> {
    const row = root.manifest.rows.get(artifact.path);
    if (row === undefined || !this.#damaged(root, artifact, place)) return;
    this.#rows.delete(artifact.id);
    await takeAway(root, row, this.#options.onRemoval);
    this.#empty();
  }
}
