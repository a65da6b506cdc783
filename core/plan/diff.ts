/** The difference between two worlds: what an apply would write, and which nodes would notice. */
import { heldIn } from './held-trees.ts';
import type { LiveFile, LiveSet } from './live.ts';
import type { Entry, NodeAnswer, World } from './world.ts';

export interface PathChange {
  readonly root: string;
  readonly path: string;
  readonly change: 'add' | 'change' | 'remove';
  readonly before: Entry | undefined;
  readonly after: Entry | undefined;
}

export interface NodeChange {
  readonly node: string;
  /** `waits` beside another change: it keeps its previous set for now. */
  readonly what: 'new' | 'gone' | 'gains boot files' | 'loses boot files' | 'boot files' | 'answer' | 'waits';
  /** The refusal's reason, where it loses its boot files; whom or what it waits for. */
  readonly why: string | undefined;
}

export interface WorldDiff {
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** In byte order of root and path. */
  readonly paths: readonly PathChange[];
  readonly nodes: readonly NodeChange[];
  /** Artifacts that would be built: name and nodes that wait for each. */
  readonly builds: readonly { readonly id: string; readonly name: string; readonly nodes: readonly string[] }[];
  /** Live files of images, by image. */
  readonly live: readonly LiveChange[];
}

export interface LiveChange {
  readonly image: string;
  /** Paths as nodes see them. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** How many generations are on the disk to lay them over; undefined where that is not known. */
  readonly generations: number | undefined;
}

/** `generations`: how many there are of an image. */
export function diffWorlds(
  before: World | undefined,
  after: World,
  generations: (image: string) => number | undefined = () => undefined,
): WorldDiff {
  const paths: PathChange[] = [];
  const names = new Set([...(before?.roots.keys() ?? []), ...after.roots.keys()]);
  for (const root of [...names].sort()) {
    const held = heldIn(after.heldTrees.get(root));
    diffRoot(root, before?.roots.get(root), after.roots.get(root), held, paths);
  }
  return {
    from: before?.commit,
    to: after.commit,
    paths,
    nodes: diffNodes(before, after, paths),
    builds: buildsOf(after),
    live: diffLive(before, after, generations),
  };
}

const nothing: ReadonlyMap<string, Entry> = new Map();

function diffRoot(
  root: string,
  before: ReadonlyMap<string, Entry> = nothing,
  after: ReadonlyMap<string, Entry> = nothing,
  held: (path: string) => boolean,
  changes: PathChange[],
): void {
  const found: PathChange[] = [];
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (old === entry) continue;
    if (old === undefined) found.push({ root, path, change: 'add', before: undefined, after: entry });
    else if (old.digest !== entry.digest) found.push({ root, path, change: 'change', before: old, after: entry });
  }
  for (const [path, entry] of before) {
    // What was made once for good is never pruned, and what running nodes have mounted is not yet.
    if (!after.has(path) && entry.lifetime === 'managed' && !held(path)) {
      found.push({ root, path, change: 'remove', before: entry, after: undefined });
    }
  }
  found.sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const change of found) changes.push(change);
}

function bootPaths(world: World | undefined): Set<string> {
  const nodes = new Set<string>();
  for (const root of world?.roots.values() ?? []) {
    for (const entry of root.values()) if (entry.node !== undefined && entry.kind === 'file') nodes.add(entry.node);
  }
  return nodes;
}

function sameAnswer(world: World | undefined, a: NodeAnswer | undefined, to: World, b: NodeAnswer): boolean {
  if (a === b) return true;
  if (a === undefined || a.kind !== b.kind || !sameExcept(world, a, to, b)) return false;
  if (a.kind === 'refusal' || b.kind === 'refusal') {
    return a.kind === 'refusal' && b.kind === 'refusal' && a.reason === b.reason;
  }
  if (a.generation === b.generation) return a.body === b.body;
  // An image of another digest may still say the same to a node.
  const [before, after] = [world?.generations.get(a.generation), to.generations.get(b.generation)];
  return a.body === b.body && before?.litefile === after?.litefile && before?.image === after?.image;
}

/** Whether two answers say the same at the addresses that the policy table tells apart; nearly always there are none. */
function sameExcept(world: World | undefined, a: NodeAnswer, to: World, b: NodeAnswer): boolean {
  const addresses = new Set([...(a.except?.keys() ?? []), ...(b.except?.keys() ?? [])]);
  for (const address of addresses) {
    if (!sameAnswer(world, a.except?.get(address) ?? plain(a), to, b.except?.get(address) ?? plain(b))) return false;
  }
  return true;
}

function plain({ except: _, ...answer }: NodeAnswer): NodeAnswer {
  return answer;
}

function diffNodes(before: World | undefined, after: World, paths: readonly PathChange[]): NodeChange[] {
  const touched = new Set<string>();
  for (const { before: old, after: entry } of paths) {
    const node = entry?.node ?? old?.node;
    if (node !== undefined) touched.add(node);
  }
  // Only asked where something changed: walking all entries of both worlds costs more than the rest of the difference.
  const [had, has] =
    touched.size === 0 ? [new Set<string>(), new Set<string>()] : [bootPaths(before), bootPaths(after)];
  const changes: NodeChange[] = [];
  for (const [node, answer] of after.answers) {
    const old = before?.answers.get(node);
    const waiting = after.waiting.get(node);
    if (waiting !== undefined) {
      const why = waiting.behind === undefined ? `image ${waiting.image}` : `node ${waiting.behind}`;
      changes.push({ node, what: 'waits', why });
    }
    const lost = had.has(node) && !has.has(node);
    const gained = !had.has(node) && has.has(node);
    const reason = answer.kind === 'refusal' ? answer.reason : undefined;
    if (lost) changes.push({ node, what: 'loses boot files', why: reason });
    else if (gained) changes.push({ node, what: 'gains boot files', why: undefined });
    else if (old === undefined) changes.push({ node, what: 'new', why: reason });
    else {
      if (touched.has(node)) changes.push({ node, what: 'boot files', why: undefined });
      if (!sameAnswer(before, old, after, answer)) changes.push({ node, what: 'answer', why: reason });
    }
  }
  for (const node of before?.answers.keys() ?? []) {
    if (!after.answers.has(node)) {
      changes.push({
        node,
        what: had.has(node) ? 'loses boot files' : 'gone',
        why: `${node} is no longer in nodelist`,
      });
    }
  }
  return changes;
}

function buildsOf(world: World): WorldDiff['builds'] {
  const nodes = new Map<string, string[]>();
  for (const waiting of world.waiting.values()) {
    for (const id of waiting.artifacts) {
      const list = nodes.get(id);
      if (list === undefined) nodes.set(id, [waiting.node]);
      else list.push(waiting.node);
    }
  }
  return [...nodes].map(([id, list]) => ({ id, name: world.artifacts.get(id)?.name ?? id, nodes: list }));
}

function diffLive(
  before: World | undefined,
  after: World,
  generations: (image: string) => number | undefined,
): LiveChange[] {
  const changes: LiveChange[] = [];
  for (const image of [...after.live.keys()].sort()) {
    const [old, set] = [before?.live.get(image), after.live.get(image)];
    if (old?.digest === set?.digest) continue;
    const [had, has] = [leavesOf(old), leavesOf(set)];
    const added = [...has.keys()].filter((path) => !had.has(path));
    const changed = [...has]
      .filter(([path, digest]) => had.has(path) && had.get(path) !== digest)
      .map(([path]) => path);
    const removed = [...had.keys()].filter((path) => !has.has(path));
    if (added.length + changed.length + removed.length === 0) continue;
    changes.push({ image, added, changed, removed, generations: generations(image) });
  }
  return changes;
}

function leavesOf(set: LiveSet | undefined): Map<string, string> {
  const leaf = ({ kind }: LiveFile): boolean => kind !== 'directory';
  return new Map((set?.files ?? []).filter(leaf).map(({ path, digest }) => [path, digest]));
}
