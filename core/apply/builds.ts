/** Artifacts (bases, initrds, generations): built once per digest, one at a time, and put in place by one rename. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ArtifactOutput, RootName } from '../plugin/output.ts';
import type { BuildContext, CommandRunner } from '../plugin/plugin.ts';
import type { ManifestRow } from './manifest.ts';
import { locate, look, type Root } from './roots.ts';
import type { Store } from './store.ts';

const failureSchema = z.object({ at: z.number(), error: z.string(), log: z.array(z.string()) });

/** Why a build failed: milliseconds since 1970, the error's text, the last lines of its log. */
export type BuildFailure = z.infer<typeof failureSchema>;

export interface BuildState {
  readonly artifact: ArtifactOutput;
  readonly state: 'waiting' | 'building' | 'present' | 'failed';
  /** 0 to 1, as the plugin last said. */
  readonly progress: number | undefined;
  /** Last lines of the log of the build under way. */
  readonly log: readonly string[];
  readonly failure: BuildFailure | undefined;
}

export interface BuildQueueOptions {
  readonly roots: ReadonlyMap<RootName, Root>;
  readonly store: Store;
  /** Logs go to `<state>/builds/<digest>.log`. */
  readonly state: string;
  /** Calls the build hook of the artifact's plugin. */
  readonly build: (artifact: ArtifactOutput, context: BuildContext) => Promise<void>;
  /** The runner that a build gets: its commands end when the signal says so, their output goes to the log. */
  readonly runner: (signal: AbortSignal, log: (line: string) => void) => CommandRunner;
  /** Called when an artifact has become present or has failed: the engine composes its world again. */
  readonly onChange: () => void;
  /** Builds at once; default 1. */
  readonly width?: number;
}

interface Wanted {
  readonly artifact: ArtifactOutput;
  readonly commit: string;
  readonly readFile: (path: string) => Promise<Buffer>;
}
interface Running {
  readonly controller: AbortController;
  readonly ended: Promise<void>;
  readonly log: string[];
  progress: number | undefined;
}

const db = 'builds';
const keptLines = 200;
const failureLines = 30;

export class BuildQueue {
  readonly #options: BuildQueueOptions;
  readonly #rows = new Map<string, { readonly root: Root; readonly path: string }>();
  readonly #running = new Map<string, Running>();
  #wanted = new Map<string, Wanted>();
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
    for (const root of options.roots.values()) {
      for (const name of await readdir(root.build)) await rm(join(root.build, name), { recursive: true, force: true });
      for (const row of [...root.manifest.rows.values()]) {
        if (row.kind !== 'artifact' || row.artifact === undefined) continue;
        // One rename puts a whole artifact in place, so what is there is whole.
        const there = look(join(root.dir, row.path))?.isDirectory() === true;
        if (row.pending) await root.manifest.write([there ? { done: row.path } : { gone: row.path }]);
        if (there) queue.#rows.set(row.artifact, { root, path: row.path });
      }
    }
    return queue;
  }

  /** True when the artifact is in place. */
  present(id: string): boolean {
    return this.directoryOf(id) !== undefined;
  }

  /** Where an artifact lies; undefined when it is not in place. */
  directoryOf(id: string): string | undefined {
    const row = this.#rows.get(id);
    if (row === undefined) return undefined;
    const directory = join(row.root.dir, row.path);
    return look(directory)?.isDirectory() === true ? directory : undefined;
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
      return { artifact, state, progress: running?.progress, log: running?.log ?? [], failure };
    });
  }

  failure(id: string): BuildFailure | undefined {
    const parsed = failureSchema.safeParse(this.#options.store.get(db, id));
    return parsed.success ? parsed.data : undefined;
  }

  /** Forgets a failure, so that the artifact is built again if it is wanted. */
  async retry(id: string): Promise<void> {
    await this.#options.store.batch([{ db, key: id }]);
    this.#next();
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
  }

  /** Starts builds whose inputs are in place, in the order of the plan. */
  #next(): void {
    for (const wanted of this.#wanted.values()) {
      if (this.#closed || this.#running.size >= (this.#options.width ?? 1)) break;
      const { id, inputs } = wanted.artifact;
      if (this.#running.has(id) || this.present(id) || this.failure(id) !== undefined) continue;
      if (!inputs.every((input) => this.present(input))) continue;
      this.#start(wanted);
    }
    if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #start(wanted: Wanted): void {
    const { id } = wanted.artifact;
    const controller = new AbortController();
    const log: string[] = [];
    const ended = Promise.resolve().then(async () => {
      let changed = false;
      try {
        await this.#build(wanted, running);
        changed = true;
      } catch (error) {
        if (!controller.signal.aborted) {
          const text = error instanceof Error ? error.message : String(error);
          const failure: BuildFailure = { at: Date.now(), error: text, log: log.slice(-failureLines) };
          await this.#options.store.batch([{ db, key: id, value: failure }]);
          changed = true;
        }
      }
      this.#running.delete(id);
      // First the news, then the next build: the engine may want something else by now.
      if (changed && !this.#closed) this.#options.onChange();
      this.#next();
    });
    const running: Running = { controller, ended, log, progress: undefined };
    this.#running.set(id, running);
  }

  async #build({ artifact, commit, readFile }: Wanted, running: Running): Promise<void> {
    const root = this.#options.roots.get(artifact.root);
    if (root === undefined) throw new Error(`root '${artifact.root}' is not named in the settings`);
    const place = locate(root, artifact.path);
    if (look(place) !== undefined)
      throw new Error(`${place} exists already and is not litehouse's; it is never overwritten`);
    const directory = join(root.build, `${process.pid}-${this.#serial++}`);
    const { signal } = running.controller;
    const stream = this.#logFile(artifact);
    const log = (line: string, progress?: number): void => {
      if (progress !== undefined) running.progress = progress;
      running.log.push(line);
      if (running.log.length > keptLines) running.log.shift();
      stream?.write(`${new Date().toISOString()} ${line}\n`);
    };
    try {
      await mkdir(directory, { mode: 0o700 });
      const inputs = new Map(artifact.inputs.map((id) => [id, this.directoryOf(id) ?? '']));
      const run = this.#options.runner(signal, log);
      const cache = join(this.#options.state, 'cache', artifact.plugin);
      await mkdir(cache, { recursive: true, mode: 0o700 });
      const rootDirectory = (name: RootName) => this.#options.roots.get(name)?.dir;
      const context = { directory, cache, rootDirectory, commit, inputs, run, log, signal, readFile };
      await this.#options.build(artifact, context);
      signal.throwIfAborted();
      await chmod(directory, 0o755);
      await this.#options.runner(signal, () => undefined)('sync', ['-f', directory]);
      await this.#place(root, artifact, directory);
    } catch (error) {
      log(`failed: ${error instanceof Error ? error.message : String(error)}`);
      await rm(directory, { recursive: true, force: true });
      throw error;
    } finally {
      stream?.end();
    }
  }

  /** Owned first, then in place, then known: a crash in between leaves a pending row that `open` settles. */
  async #place(root: Root, artifact: ArtifactOutput, directory: string): Promise<void> {
    const { path, plugin, digest, id } = artifact;
    const base = { mode: 0o755, uid: 0, gid: 0, plugin, lifetime: 'managed' as const, pending: true };
    const row: ManifestRow = { ...base, path, kind: 'artifact', digest, artifact: id };
    const parents: ManifestRow[] = [];
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      if (look(join(root.dir, parent)) === undefined)
        parents.push({ ...base, path: parent, kind: 'directory', digest: '' });
    }
    const unowned = parents.filter((parent) => !root.manifest.rows.has(parent.path));
    await root.manifest.write([...unowned, row].map((set) => ({ set })));
    for (const parent of parents) {
      await mkdir(locate(root, parent.path), { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    }
    const place = locate(root, path);
    // rename would take the place of an empty directory.
    if (look(place) !== undefined) throw new Error(`${place} exists already and is not litehouse's`);
    await rename(directory, place);
    await root.manifest.write([...unowned, row].map((one) => ({ done: one.path })));
    this.#rows.set(id, { root, path });
  }

  #logFile(artifact: ArtifactOutput): WriteStream | undefined {
    if (!/^[0-9A-Za-z]+$/.test(artifact.digest)) return undefined;
    const stream = createWriteStream(join(this.#options.state, 'builds', `${artifact.digest}.log`), {
      flags: 'a',
      mode: 0o600,
    });
    // A log that can't be written is no reason to lose a build.
    stream.on('error', () => undefined);
    return stream;
  }
}
