/** What the engine remembers of images between runs: asked for by name, which generations were in effect, what each artifact is. */
import { z } from 'zod';
import type { Store, StoreChange } from '../apply/store.ts';
import type { ImagePlan } from '../plugin/plugin.ts';

const kinds = ['base', 'boot', 'generation', 'other'] as const;
export type ArtifactKind = (typeof kinds)[number];

const artifactSchema = z.object({ image: z.string(), kind: z.enum(kinds), inputs: z.array(z.string()) });

/** What is known of an artifact whose plan is gone. */
export type ArtifactRecord = z.infer<typeof artifactSchema>;

const generationSchema = z.object({
  image: z.string(),
  generation: z.string(),
  base: z.string(),
  boot: z.string(),
  artifacts: z.array(z.string()),
  order: z.number(),
  at: z.number(),
});

/**
 * A generation that was in effect, with all artifacts that were planned together with it: who boots it needs every one. `order`
 * grows with each that comes into effect, also one that comes back; `at`: when it last did, in milliseconds since 1970.
 */
export type GenerationRecord = z.infer<typeof generationSchema>;

const databases = { asked: 'images asked', artifacts: 'artifacts', generations: 'image generations' } as const;

const keyOf = (image: string, generation: string): string => `${image}\n${generation}`;

/** Which part of its image an artifact is. */
export function kindOf(plan: ImagePlan, digest: string): ArtifactKind {
  const { generation, base, boot } = plan.build;
  return digest === generation ? 'generation' : digest === base ? 'base' : digest === boot ? 'boot' : 'other';
}

export class ImageRecords {
  readonly #store: Store;
  readonly #asked = new Set<string>();
  readonly #artifacts = new Map<string, ArtifactRecord>();
  readonly #generations = new Map<string, GenerationRecord>();

  constructor(store: Store) {
    this.#store = store;
    for (const { key } of store.range(databases.asked)) this.#asked.add(key);
    // What another version wrote, and this one cannot read, is not known: such artifacts are kept.
    for (const { key, value } of store.range(databases.artifacts)) {
      const record = artifactSchema.safeParse(value);
      if (record.success) this.#artifacts.set(key, record.data);
    }
    for (const { key, value } of store.range(databases.generations)) {
      const record = generationSchema.safeParse(value);
      if (record.success) this.#generations.set(key, record.data);
    }
  }

  /** Images that somebody asked for by name: built though no node has them. */
  get asked(): ReadonlySet<string> {
    return this.#asked;
  }

  /** Durable when it resolves. */
  async ask(image: string): Promise<void> {
    this.#asked.add(image);
    await this.#store.batch([{ db: databases.asked, key: image, value: true }]);
    await this.#store.flushed();
  }

  /** Gives whether it was asked for. */
  async forget(image: string): Promise<boolean> {
    if (!this.#asked.delete(image)) return false;
    await this.#store.batch([{ db: databases.asked, key: image }]);
    return true;
  }

  artifactIds(): string[] {
    return [...this.#artifacts.keys()];
  }

  artifact(id: string): ArtifactRecord | undefined {
    return this.#artifacts.get(id);
  }

  /** All that were in effect, newest first. */
  generations(): GenerationRecord[] {
    return [...this.#generations.values()].sort((a, b) => b.order - a.order);
  }

  knows(generation: string): boolean {
    for (const record of this.#generations.values()) if (record.generation === generation) return true;
    return false;
  }

  /** Before anything of them is built: an artifact without a record is not known, and stays. */
  async noteWanted(plans: Iterable<ImagePlan>): Promise<void> {
    const changes: StoreChange[] = [];
    for (const plan of plans) {
      for (const { id, digest, inputs } of plan.artifacts) {
        if (this.#artifacts.has(id)) continue;
        const record: ArtifactRecord = { image: plan.image, kind: kindOf(plan, digest), inputs: [...inputs] };
        this.#artifacts.set(id, record);
        changes.push({ db: databases.artifacts, key: id, value: record });
      }
    }
    if (changes.length > 0) await this.#store.batch(changes);
  }

  /** Generations that are in effect now; writes nothing where they were before. */
  async noteInEffect(plans: Iterable<ImagePlan>, now: number = Date.now()): Promise<void> {
    const newest = new Map<string, GenerationRecord>();
    let order = 0;
    for (const record of this.generations()) {
      if (!newest.has(record.image)) newest.set(record.image, record);
      order = Math.max(order, record.order);
    }
    const changes: StoreChange[] = [];
    for (const { image, build, artifacts } of plans) {
      const ids = [...new Set([...build.needs, ...artifacts.map(({ id }) => id)])].sort();
      const before = newest.get(image);
      if (before?.generation === build.generation && before.artifacts.join('\n') === ids.join('\n')) continue;
      const { base, boot, generation } = build;
      const again = before?.generation === generation;
      const record: GenerationRecord = {
        ...{ image, generation, base, boot },
        // The same tree with another initrd: who booted the one before may boot it again.
        artifacts: again ? [...new Set([...ids, ...before.artifacts])].sort() : ids,
        order: again ? before.order : ++order,
        at: again ? before.at : now,
      };
      if (again && record.artifacts.length === before.artifacts.length) continue;
      this.#generations.set(keyOf(image, generation), record);
      changes.push({ db: databases.generations, key: keyOf(image, generation), value: record });
    }
    if (changes.length > 0) await this.#store.batch(changes);
  }

  /** Lets go of what is neither on the disk nor wanted. */
  async drop(artifacts: Iterable<string>, generations: Iterable<GenerationRecord>): Promise<void> {
    const changes: StoreChange[] = [];
    for (const id of artifacts) {
      if (this.#artifacts.delete(id)) changes.push({ db: databases.artifacts, key: id });
    }
    for (const { image, generation } of generations) {
      const key = keyOf(image, generation);
      if (this.#generations.delete(key)) changes.push({ db: databases.generations, key });
    }
    if (changes.length > 0) await this.#store.batch(changes);
  }
}
