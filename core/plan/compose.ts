/**
 * Composes the world from a plan: nodes whose artifacts exist take their new set, the others keep their whole previous one
 * (DESIGN 7). A ready node whose new set needs a path or an address that a waiting node still holds waits behind it, so that
 * every node's set stays whole.
 */
import { liveTwice } from '../diagnostic/catalogue/live.ts';
import { badOutput } from '../diagnostic/catalogue/plan.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { ArtifactOutput, Output, PartOutput, ReloadOutput } from '../plugin/output.ts';
import type { Image } from '../resolve/view.ts';
import { EntryTable } from './entry-table.ts';
import { findHeldTrees } from './held-trees.ts';
import { type LiveSet, liveFindings, liveSet } from './live.ts';
import type { NodeSet, Plan } from './make-plan.ts';
import type { Held } from './parts.ts';
import type { NodeAnswer, Waiting, World } from './world.ts';

export interface Composed {
  readonly world: World;
  /** The set that each node has in this world, and the commit it is of. */
  readonly sets: ReadonlyMap<string, NodeSet>;
  readonly diagnostics: readonly Diagnostic[];
  /** What is in shared files for running nodes, and not by the plan. */
  readonly held: readonly Held[];
}

/** What a node booted with and may have mounted. */
export interface Booted {
  /** Of shared files. */
  readonly parts: readonly PartOutput[];
  /** Published directories, below root `syncdirs`. */
  readonly trees: readonly string[];
}

/** By node. */
export type BootedParts = ReadonlyMap<string, Booted>;

const none: BootedParts = new Map();

/** What a node had before; undefined: nothing. */
export type PreviousSets = ReadonlyMap<string, NodeSet>;

const isBoot = (set: NodeSet): boolean => set.image !== undefined || set.outputs.length > 0;

/** The paths (but for parts) and addresses that a set holds alone. */
function claims(set: NodeSet): string[] {
  const list: string[] = [];
  for (const { output } of set.outputs) {
    if (output.kind === 'file' || output.kind === 'link' || output.kind === 'hardlink') {
      list.push(`${output.root}:${output.path}`);
    }
  }
  for (const address of set.addresses) list.push(`address ${address}`);
  return list;
}

function findWaiting(
  plan: Plan,
  previous: PreviousSets,
  present: (artifact: string) => boolean,
): { readonly waiting: Map<string, Waiting>; readonly held: ReadonlyMap<string, string> } {
  const waiting = new Map<string, Waiting>();
  /** What waiting nodes hold, in the order in which it was found; grows while it is gone through. */
  const held = new Map<string, string>();
  const keep = (node: string): string | undefined => {
    const before = previous.get(node);
    if (before === undefined || !isBoot(before)) return undefined;
    for (const claim of claims(before)) held.set(claim, node);
    return before.commit;
  };
  const missingOf = new Map<readonly string[], readonly string[]>();
  for (const [node, set] of plan.sets) {
    let missing = missingOf.get(set.needs);
    if (missing === undefined) {
      missing = set.needs.filter((id) => !present(id));
      missingOf.set(set.needs, missing);
    }
    if (missing.length === 0) continue;
    waiting.set(node, { node, image: set.image?.name, artifacts: missing, behind: undefined, keeps: keep(node) });
  }
  if (held.size === 0) return { waiting, held };
  // By claim, not round by round over all nodes: a rack whose addresses move up by one is a chain as long as the rack.
  const wantedBy = new Map<string, string[]>();
  for (const [node, set] of plan.sets) {
    if (waiting.has(node)) continue;
    for (const claim of claims(set)) {
      const list = wantedBy.get(claim);
      if (list === undefined) wantedBy.set(claim, [node]);
      else list.push(node);
    }
  }
  for (const [claim, holder] of held) {
    for (const node of wantedBy.get(claim) ?? []) {
      if (node === holder || waiting.has(node)) continue;
      waiting.set(node, { node, image: undefined, artifacts: [], behind: holder, keeps: keep(node) });
    }
  }
  return { waiting, held };
}

/** A waiting node that had nothing is refused with the reason; its addresses stay known so that the refusal can name it. */
function emptySet(set: NodeSet, waiting: Waiting, held: ReadonlyMap<string, string>): NodeSet {
  const why = waiting.image === undefined ? `node ${waiting.behind} to let go of its names` : `image ${waiting.image}`;
  const answer: NodeAnswer = { kind: 'refusal', commit: set.commit, reason: `${waiting.node} waits for ${why}` };
  // An address that another node still holds is that node's until it lets go.
  const addresses = set.addresses.filter((address) => !held.has(`address ${address}`));
  return { ...set, outputs: [], addresses, answer, image: undefined, needs: [] };
}

/** What the images of nodes need, and images that were asked for by name. */
function wantedArtifacts(plan: Plan, asked: ReadonlySet<string>): Map<string, ArtifactOutput> {
  const wanted = new Map(plan.artifacts);
  for (const image of asked) {
    for (const artifact of plan.images.get(image)?.artifacts ?? []) {
      if (artifact.target === plan.target) wanted.set(artifact.id, artifact);
    }
  }
  return wanted;
}

/**
 * Composes the world of a plan. `reuse`: the world in effect; entries that do not change are the same objects, which saves
 * hashing and makes differences cheap. `booted`: what running nodes may have mounted, which stays. `asked`: images that somebody
 * wants built though no node has them.
 */
export function composeWorld(
  plan: Plan,
  previous: PreviousSets,
  present: (artifact: string) => boolean,
  reuse: World | undefined,
  booted: BootedParts = none,
  asked: ReadonlySet<string> = new Set(),
): Composed {
  const diagnostics: Diagnostic[] = [...plan.diagnostics];
  const { waiting, held: claimed } = findWaiting(plan, previous, present);
  const sets = new Map<string, NodeSet>();
  for (const [node, set] of plan.sets) {
    const held = waiting.get(node);
    const before = held?.keeps === undefined ? undefined : previous.get(node);
    sets.set(node, before ?? (held === undefined ? set : emptySet(set, held, claimed)));
  }
  const artifacts = wantedArtifacts(plan, asked);
  // A node that is no longer in the tables has no set: its outputs go.
  const table = new EntryTable(plan.view, reuse, diagnostics, (id) =>
    artifacts.has(id) ? (present(id) ? 'present' : 'missing') : 'not wanted',
  );
  const reloads = new Map<string, ReloadOutput>();
  const live = new Map<string, LiveSet>();
  const add = (plugin: string, output: Output): void => {
    if (output.kind === 'reload') {
      const known = reloads.get(output.name);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(output)) {
        diagnostics.push(
          badOutput(undefined, { plugin, what: `reload '${output.name}' is planned twice, differently` }),
        );
      }
      reloads.set(output.name, output);
    } else if (output.kind === 'live') {
      const other = live.get(output.image);
      if (other !== undefined) {
        diagnostics.push(liveTwice(undefined, { image: output.image, first: other.plugin, second: plugin }));
      }
      const set = liveSet(output, plugin, plan.view);
      for (const finding of liveFindings(set, plan.view)) diagnostics.push(finding);
      live.set(output.image, set);
    } else if (output.kind !== 'artifact') table.add(plugin, output);
  };
  for (const { plugin, output } of plan.shared) add(plugin, output);
  const answers = new Map<string, NodeAnswer>();
  const addresses = new Map<string, string[]>();
  const external = new Set<Image>();
  for (const [node, set] of sets) {
    for (const { plugin, output } of set.outputs) add(plugin, output);
    answers.set(node, set.answer);
    for (const address of set.addresses) {
      const list = addresses.get(address);
      if (list === undefined) addresses.set(address, [node]);
      else list.push(node);
    }
    if (set.image?.build.kind === 'external') external.add(set.image);
  }
  for (const [node, { parts }] of booted) for (const part of parts) table.hold(node, part);
  const roots = table.finish();
  const trees = findHeldTrees(booted, roots);
  const world: World = {
    target: plan.target,
    commit: plan.commit,
    roots,
    untouched: table.untouched,
    answers,
    addresses,
    generations: plan.generations,
    artifacts,
    reloads: [...reloads.values()],
    live,
    heldTrees: trees.trees,
    waiting,
    external: [...external],
    elsewhere: new Map([...plan.elsewhere].map(([target, outputs]) => [target, outputs.length])),
  };
  return { world, sets, diagnostics, held: [...table.held, ...trees.held] };
}
