/** The life of built images: asked for, wanted, in effect, pinned, kept, and at last removed. The engine calls it within its turn. */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildQueue, BuildState } from '../apply/builds.ts';
import type { OwnedArtifact } from '../apply/owned.ts';
import type { Store } from '../apply/store.ts';
import { loadLive } from '../image/live/state.ts';
import type { PreviousSets } from '../plan/compose.ts';
import type { ImagesMode } from '../plan/make-plan.ts';
import type { World } from '../plan/world.ts';
import type { ArtifactOutput } from '../plugin/output.ts';
import type { ImagePlan } from '../plugin/plugin.ts';
import type { View } from '../resolve/view.ts';
import { ImageRecords, kindOf } from './image-records.ts';
import { whyNotBuilt } from './not-built.ts';
import { Pins } from './pins.ts';
import { type Reason, retention } from './retention.ts';
import type { ImageArtifact, ImageStanding, PlannedArtifact, PruneOutcome } from './types.ts';

/** Generations of an image that stay besides the newest: three reverts in a row find what they go back to. */
export const defaultKeepGenerations = 3;

/** What is in effect, as far as images go. */
export interface InService {
  readonly world: World;
  readonly view: View;
  readonly sets: PreviousSets;
  readonly images: ReadonlyMap<string, ImagePlan>;
}

/** A build's own notes are small; whatever else lies there under that name is not read. */
const largestNote = 1024 * 1024;

export class ImageLife {
  readonly records: ImageRecords;
  readonly pins: Pins;
  readonly #builds: BuildQueue;
  readonly #keep: number;

  constructor(store: Store, builds: BuildQueue, keepGenerations: number = defaultKeepGenerations) {
    this.records = new ImageRecords(store);
    this.pins = new Pins(store);
    this.#builds = builds;
    this.#keep = Math.max(1, keepGenerations);
  }

  /**
   * A node reported a whole boot. `known`: whether a generation is one of an image that nobody builds here. One that is neither
   * changes nothing: a node names what it likes.
   */
  booted(node: string, generation: string, known: (generation: string) => boolean): void {
    if (this.records.knows(generation)) this.pins.booted(node, generation);
    else if (known(generation)) this.pins.booted(node, undefined);
  }

  /** A node was answered for a generation, and is about to boot it. */
  asked(node: string, generation: string): void {
    this.pins.asked(node, this.records.knows(generation) ? generation : undefined);
  }

  /** Why an image can't be asked for; undefined: it can. */
  notBuilt(now: InService | undefined, name: string, images: ImagesMode): string | undefined {
    if (now === undefined) return 'no commit is in effect yet: push one';
    const image = now.view.images.get(name);
    if (image === undefined) return `there is no image '${name}' in tables/osimage.csv of the commit in effect`;
    const not = whyNotBuilt(now.view, image, images);
    return not === undefined ? undefined : `image '${name}' is external: ${not.why}; ${not.mend}`;
  }

  /** Remembers that an image is to be built, and tries again what failed of it. */
  async ask(name: string, now: InService | undefined): Promise<void> {
    await this.records.ask(name);
    for (const { id } of now?.images.get(name)?.artifacts ?? []) {
      if (this.#builds.failure(id) !== undefined) await this.#builds.retry(id);
    }
  }

  /** Ends the builds of an image and keeps it from its turn; gives what was stopped. */
  stop(name: string, now: InService | undefined, by: string): Promise<readonly ArtifactOutput[]> {
    const ids = new Set((now?.images.get(name)?.artifacts ?? []).map(({ id }) => id));
    return this.#builds.stop(ids, `stopped by ${by}`);
  }

  /** Before builds start: forgets images whose row has gone, and remembers what each artifact is. */
  async planned(images: ReadonlyMap<string, ImagePlan>, view: View): Promise<void> {
    for (const image of [...this.records.asked]) if (!view.images.has(image)) await this.records.forget(image);
    await this.records.noteWanted(images.values());
  }

  /** After a flip: remembers the generations that nodes can boot now. */
  async inEffect({ world, images }: InService): Promise<void> {
    const whole = [...images.values()].filter(({ artifacts, build }) => {
      const wanted = artifacts.some(({ id }) => world.artifacts.has(id));
      return wanted && build.needs.every((id) => this.#builds.present(id));
    });
    await this.records.noteInEffect(whole);
  }

  #reasons(now: InService | undefined, all: boolean): Map<string, Reason[]> {
    return retention({
      owned: this.#builds.owned().map(({ id }) => id),
      wanted: new Set(now?.world.artifacts.keys()),
      needed: [...(now?.sets.values() ?? [])].map(({ needs }) => needs),
      generations: this.records.generations(),
      pins: this.pins.byGeneration(),
      keep: this.#keep,
      record: (id) => this.records.artifact(id),
      linked: this.#builds.linked(),
      all,
    });
  }

  /** Removes what nothing keeps. To be called within the engine's turn, when what it is given is in effect. */
  async prune(now: InService, { dryRun = false, all = false } = {}): Promise<PruneOutcome> {
    const removed: PruneOutcome['removed'][number][] = [];
    const kept: PruneOutcome['kept'][number][] = [];
    const reasons = this.#reasons(now, all);
    for (const artifact of this.#builds.owned()) {
      const { id, root, path, lost } = artifact;
      const why = this.#builds.busy(id) ?? wordsOf(lost ? [] : (reasons.get(id) ?? []))[0];
      if (why !== undefined) {
        kept.push({ id, root, path, why });
        continue;
      }
      if (!dryRun) await this.#builds.remove(id, (name, folder) => now.world.roots.get(name)?.has(folder) === true);
      removed.push({ id, root, path });
    }
    if (!dryRun) await this.#forget(now);
    return { dryRun, removed, kept };
  }

  /** Records of what is gone from the disk, is not wanted, and that no node pins. */
  async #forget(now: InService): Promise<void> {
    const there = new Set(this.#builds.owned().map(({ id }) => id));
    const pinned = this.pins.byGeneration();
    const planned = new Set([...now.images.values()].flatMap(({ artifacts }) => artifacts.map(({ id }) => id)));
    const isGone = (id: string): boolean => !there.has(id) && !planned.has(id);
    const generations = this.records.generations();
    const over = generations.filter((it) => it.artifacts.every(isGone) && !pinned.has(it.generation));
    await this.records.drop(this.records.artifactIds().filter(isGone), over);
  }

  /** What there is of each image: of those that the commit in effect has, and of those that only the disk has still. */
  async list(now: InService | undefined): Promise<ImageStanding[]> {
    const states = new Map(this.#builds.states().map((state) => [state.artifact.id, state]));
    const reasons = this.#reasons(now, false);
    const pins = { booted: this.pins.bootedOf(), asked: this.pins.askedFor() };
    const disk = new Map<string, ImageArtifact[]>();
    for (const artifact of this.#builds.owned()) {
      const image = this.records.artifact(artifact.id)?.image ?? '';
      const list = disk.get(image);
      const one = await this.#onDisk(artifact, reasons.get(artifact.id) ?? [], pins);
      if (list === undefined) disk.set(image, [one]);
      else list.push(one);
    }
    const used = new Map<string, number>();
    for (const node of now?.view.nodes.values() ?? []) {
      if (node.image !== undefined) used.set(node.image.name, (used.get(node.image.name) ?? 0) + 1);
    }
    const newest = new Map<string, string>();
    for (const { image, generation } of this.records.generations()) {
      if (!newest.has(image)) newest.set(image, generation);
    }
    const names = new Set([...(now?.view.images.keys() ?? []), ...disk.keys()]);
    return [...names].sort().map((image): ImageStanding => {
      const plan = now?.images.get(image);
      const build = now?.view.images.get(image)?.build;
      return {
        image,
        kind: build?.kind ?? 'no row',
        plugin: plan?.build.plugin,
        asked: this.records.asked.has(image),
        nodes: used.get(image) ?? 0,
        inEffect: build?.kind === 'external' ? build.generation : newest.get(image),
        planned: plan === undefined ? undefined : this.#planned(plan, states),
        artifacts: disk.get(image) ?? [],
      };
    });
  }

  #planned(plan: ImagePlan, states: ReadonlyMap<string, BuildState>): ImageStanding['planned'] {
    const { base, boot, generation } = plan.build;
    const artifacts = plan.artifacts.map(({ id, name, digest, root, path }): PlannedArtifact => {
      const one = states.get(id);
      const state = one?.state ?? (this.#builds.present(id) ? 'present' : 'not wanted');
      const detail = one?.failure?.error ?? one?.log.at(-1) ?? '';
      return {
        ...{ id, name, kind: kindOf(plan, digest), digest, root, path, state, detail },
        progress: one?.progress,
        since: one?.since === undefined ? undefined : new Date(one.since).toISOString(),
        log: one?.logFile,
      };
    });
    return { base, boot, generation, artifacts };
  }

  async #onDisk(
    { id, root, path, directory, digest, made, ...loss }: OwnedArtifact,
    reasons: readonly Reason[],
    pins: Readonly<Record<'booted' | 'asked', ReadonlyMap<string, readonly string[]>>>,
  ): Promise<ImageArtifact> {
    const record = this.records.artifact(id);
    const lost = loss.lost || loss.damaged;
    const live = record?.kind === 'generation' && !lost ? await liveNote(directory) : undefined;
    return {
      ...{ id, kind: record?.kind ?? 'other', digest, root, path, directory, lost },
      made: made === undefined ? undefined : new Date(made).toISOString(),
      inputs: record?.inputs ?? [],
      kept: wordsOf(reasons),
      booted: record?.kind === 'generation' ? (pins.booted.get(digest) ?? []) : [],
      asked: record?.kind === 'generation' ? (pins.asked.get(digest) ?? []) : [],
      note: record === undefined || lost ? undefined : await readNote(join(directory, `${record.kind}.json`)),
      called: live === undefined ? digest : `${digest}+live(${live.commit.slice(0, 9)})`,
      live,
    };
  }
}

function wordsOf(reasons: readonly Reason[]): string[] {
  return reasons.map(({ why, nodes = [] }) => {
    const [first] = nodes;
    if (first === undefined) return why;
    return `${why} by ${first}${nodes.length === 1 ? '' : ` and ${nodes.length - 1} more`}`;
  });
}

/** What is noted of the live files of a generation; undefined: none are laid, or nothing can be read. */
async function liveNote(directory: string): Promise<ImageArtifact['live']> {
  const state = await loadLive(directory).catch(() => undefined);
  if (state === undefined) return undefined;
  const { commit, laid, troubles } = state;
  const files = laid.filter(({ kind }) => kind !== 'directory').length;
  return { commit, files, problems: troubles.map(({ path, why }) => `${path}: ${why}`) };
}

/** What a build wrote down about itself; undefined where there is nothing, or nothing that can be read. */
async function readNote(file: string): Promise<unknown> {
  try {
    const found = await stat(file);
    if (!found.isFile() || found.size > largestNote) return undefined;
    const note: unknown = JSON.parse(await readFile(file, 'utf8'));
    return note;
  } catch {
    return undefined;
  }
}
