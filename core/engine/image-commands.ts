/** What people ask of images: build one by name, stop that, list them, remove what nothing needs; and what every apply does of that. */
import type { ImageLife, InService } from './image-life.ts';
import type { RepositoryQuestions } from './image-repositories.ts';
import { ImageSizes } from './image-sizes.ts';
import type { Serial } from './serial.ts';
import type { Engine, EngineSettings, Reconciled } from './types.ts';

export interface ImageCommandParts {
  readonly life: ImageLife;
  readonly settings: Pick<EngineSettings, 'images'>;
  readonly questions: RepositoryQuestions;
  /** What is in effect. */
  readonly current: () => InService | undefined;
  /** The engine's turns: nothing is removed while an apply is under way. */
  readonly serial: Serial;
  /** Applies the commit in effect again. */
  readonly again: (reason: string) => Promise<Reconciled>;
  /** Other artifacts are there or wanted: what was composed before does not hold. */
  readonly changed: () => void;
  readonly tell: (line: string) => void;
}

type Commands = Pick<
  Engine,
  'buildImage' | 'stopBuilds' | 'forgetImage' | 'images' | 'imageRepositories' | 'pruneImages'
>;

export class ImageCommands implements Commands {
  readonly #parts: ImageCommandParts;
  readonly #sizes = new ImageSizes();

  constructor(parts: ImageCommandParts) {
    this.#parts = parts;
  }

  async buildImage(name: string): ReturnType<Engine['buildImage']> {
    const { life, settings, current } = this.#parts;
    const fault = life.notBuilt(current(), name, settings.images);
    if (fault !== undefined) return { ok: false, lines: [fault] };
    await life.ask(name, current());
    this.#parts.changed();
    return this.#parts.again(`image ${name} is to be built`);
  }

  async stopBuilds(name: string, by: string): ReturnType<Engine['stopBuilds']> {
    const { life, settings, current } = this.#parts;
    const fault = life.notBuilt(current(), name, settings.images);
    if (fault !== undefined) return { ok: false, lines: [fault] };
    const stopped = await life.stop(name, current(), by);
    if (stopped.length === 0)
      return { ok: false, lines: [`nothing of ${name} is being built, and nothing of it waits`] };
    const lines = stopped.map((artifact) => `stopped ${artifact.name}`);
    return {
      ok: true,
      lines: [...lines, `nodes keep what they have; it is tried again by: litehouse genimage ${name}`],
    };
  }

  async forgetImage(name: string): Promise<boolean> {
    if (!(await this.#parts.life.records.forget(name))) return false;
    this.#parts.changed();
    await this.#parts.again(`image ${name} is not asked for any more`);
    return true;
  }

  async images({ sizes = false }: { readonly sizes?: boolean } = {}): ReturnType<Engine['images']> {
    const images = await this.#parts.life.list(this.#parts.current());
    return sizes ? this.#sizes.with(images) : images;
  }

  async imageRepositories(
    name: string,
    { packages = false }: { readonly packages?: boolean } = {},
  ): ReturnType<Engine['imageRepositories']> {
    const { life, settings, current, questions, tell } = this.#parts;
    const now = current();
    const fault = life.notBuilt(now, name, settings.images);
    if (now === undefined || fault !== undefined)
      return { ok: false, lines: [fault ?? ''], repositories: [], packages: undefined };
    return questions.ask(now, name, packages, tell);
  }

  pruneImages(options: Parameters<Engine['pruneImages']>[0] = {}): ReturnType<Engine['pruneImages']> {
    const { life, current, serial, changed } = this.#parts;
    return serial.run(async () => {
      const now = current();
      if (now === undefined) return { dryRun: options.dryRun === true, removed: [], kept: [] };
      try {
        return await life.prune(now, options);
      } finally {
        changed();
      }
    });
  }

  /** After an apply, within its turn: what came into effect is remembered, and what nothing needs any more goes. */
  async settle(): Promise<void> {
    const { life, current, changed, tell } = this.#parts;
    const now = current();
    if (now === undefined) return;
    try {
      await life.inEffect(now);
      const { removed } = await life.prune(now);
      if (removed.length > 0) changed();
      for (const { id } of removed) tell(`removed ${id}: nothing needs it any more`);
    } catch (error) {
      // The commit is in effect all the same; the next apply tries again.
      changed();
      tell(`could not remove what nothing needs: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
