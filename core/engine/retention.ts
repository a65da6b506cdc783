/** Decides which artifacts stay on the disk, and says why. Pure. */
import type { ArtifactRecord, GenerationRecord } from './image-records.ts';

export interface RetentionInput {
  /** Ids that are on the disk. */
  readonly owned: Iterable<string>;
  /** Ids that the plan in effect wants. */
  readonly wanted: ReadonlySet<string>;
  /** What the sets of nodes need that nodes have now, those that wait included: one list for all nodes that share it. */
  readonly needed: Iterable<readonly string[]>;
  /** Newest first. */
  readonly generations: readonly GenerationRecord[];
  /** Nodes by the generation that they booted, or asked for since. */
  readonly pins: ReadonlyMap<string, readonly string[]>;
  /** How many generations of an image are kept besides the newest. */
  readonly keep: number;
  readonly record: (id: string) => ArtifactRecord | undefined;
  /** Ids that a link leads to. */
  readonly linked: ReadonlySet<string>;
  /** Also what is kept only because it was in effect, or because nothing is known of it, may go. */
  readonly all?: boolean;
}

/** Why an artifact stays; it goes where there is no reason. */
export interface Reason {
  readonly why: 'planned' | 'nodes have it' | 'kept for a revert' | 'pinned' | 'a link leads to it' | 'not known';
  /** Nodes that pin it. */
  readonly nodes?: readonly string[];
}

/** The reasons of each artifact that is on the disk; an empty list: it can go. */
export function retention(input: RetentionInput): Map<string, Reason[]> {
  const reasons = new Map<string, Reason[]>([...input.owned].map((id) => [id, []]));
  const keep = (id: string, reason: Reason): void => {
    const list = reasons.get(id);
    if (list === undefined || list.some(({ why, nodes }) => why === reason.why && nodes === reason.nodes)) return;
    list.push(reason);
    // What it was made from is needed with it: the next generation is cloned from its base.
    for (const base of input.record(id)?.inputs ?? []) keep(base, reason);
  };
  for (const id of input.wanted) keep(id, { why: 'planned' });
  for (const ids of new Set(input.needed)) for (const id of ids) keep(id, { why: 'nodes have it' });
  for (const id of input.linked) keep(id, { why: 'a link leads to it' });
  const seen = new Map<string, number>();
  for (const { image, generation, artifacts } of input.generations) {
    const nodes = input.pins.get(generation);
    const place = seen.get(image) ?? 0;
    seen.set(image, place + 1);
    for (const id of artifacts) {
      if (nodes !== undefined) keep(id, { why: 'pinned', nodes });
      if (place <= input.keep && input.all !== true) keep(id, { why: 'kept for a revert' });
    }
  }
  if (input.all !== true) {
    for (const [id, list] of reasons)
      if (list.length === 0 && input.record(id) === undefined) list.push({ why: 'not known' });
  }
  return reasons;
}
