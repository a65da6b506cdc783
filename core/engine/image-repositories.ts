/** Asks the package repositories of an image how they stand, one question at a time, beside builds and their caches. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commandRunner } from '../apply/run-command.ts';
import type { LoadedPlugin } from '../plugin/loaded.ts';
import type { InService } from './image-life.ts';
import { Serial } from './serial.ts';
import type { EngineSettings, ImageRepositories } from './types.ts';

/** Below the state directory: what a question needs while it is open, and what it downloads. */
const folder = 'asking';

/** Milliseconds for which downloads stay: `images --outdated` asks the same repositories for one image after the other. */
const usualKeep = 600_000;

export class RepositoryQuestions {
  readonly #plugins: readonly LoadedPlugin[];
  readonly #settings: Pick<EngineSettings, 'state' | 'roots'>;
  readonly #serial = new Serial();
  readonly #controller = new AbortController();
  readonly #keep: number;
  #timer: NodeJS.Timeout | undefined;

  /** Removes what a process that was killed left. */
  constructor(
    plugins: readonly LoadedPlugin[],
    settings: Pick<EngineSettings, 'state' | 'roots'>,
    keep: number = usualKeep,
  ) {
    this.#plugins = plugins;
    this.#settings = settings;
    this.#keep = keep;
    void this.#forget();
  }

  /** Removes all that was downloaded, when no question is open. */
  #forget(): Promise<void> {
    clearTimeout(this.#timer);
    const home = join(this.#settings.state, folder);
    // What can't be removed is tried again after the next question.
    return this.#serial.run(() => rm(home, { recursive: true, force: true }).catch(() => undefined));
  }

  /** Never throws for what repositories say or for one that is away: `ok` is false then, and the lines say why. */
  ask(now: InService, name: string, packages: boolean, tell: (line: string) => void): Promise<ImageRepositories> {
    const plan = now.images.get(name);
    const image = now.view.images.get(name);
    const hook = this.#plugins.find(({ plugin }) => plugin.name === plan?.build.plugin)?.hooks.repositories;
    if (plan === undefined || image === undefined || hook === undefined) {
      const why = `plugin ${plan?.build.plugin} does not say how repositories of '${name}' stand`;
      return Promise.resolve({ ok: false, lines: [why], repositories: [], packages: undefined });
    }
    return this.#serial.run(async () => {
      clearTimeout(this.#timer);
      const { signal } = this.#controller;
      const home = join(this.#settings.state, folder);
      // A cache of its own: a package manager locks the one that a build is using.
      const cache = join(home, 'cache', plan.build.plugin);
      await mkdir(cache, { recursive: true, mode: 0o700 });
      const directory = await mkdtemp(join(home, 'question-'));
      try {
        const rootDirectory = (root: string) => this.#settings.roots.find((it) => it.name === root)?.dir;
        const run = commandRunner(signal);
        const log = (line: string) => tell(`repositories of ${name}: ${line}`);
        const report = await hook(now.view, image, { directory, cache, rootDirectory, run, log, signal, packages });
        return { ok: true, lines: [], ...report };
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        return { ok: false, lines: text.split('\n'), repositories: [], packages: undefined };
      } finally {
        await rm(directory, { recursive: true, force: true });
        this.#timer = setTimeout(() => void this.#forget(), this.#keep).unref();
      }
    });
  }

  /** Ends a question that is open. */
  async close(): Promise<void> {
    this.#controller.abort(new Error('the server stops'));
    await this.#forget();
    clearTimeout(this.#timer);
  }
}
