/** Nodes as the admin listener shows them: each value beside the row that it came from. */
import type { Engine } from '../../core/engine/types.ts';
import { type Node, originOf } from '../../core/resolve/view.ts';
import type { Row } from '../../core/tables/table.ts';

type Source = Pick<Engine, 'view' | 'world'>;

/** One line a node. */
export interface NodeSummary {
  readonly name: string;
  readonly state: string | undefined;
  readonly image: string | undefined;
  readonly addresses: readonly string[];
  /** It keeps its previous set for now. */
  readonly waiting: boolean;
  /** How many things keep it from having boot files. */
  readonly problems: number;
}

/** All nodes of the commit in effect, by name; none before the first apply. */
export function listNodes({ view, world }: Source): NodeSummary[] {
  const nodes: NodeSummary[] = [];
  for (const node of view?.nodes.values() ?? []) nodes.push(summary(node, world?.waiting.has(node.name) === true));
  return nodes;
}

function summary(node: Node, waiting: boolean): NodeSummary {
  const { name, state, addresses, problems } = node;
  return { name, state, image: node.image?.name, addresses, waiting, problems: problems.length };
}

/** Everything about a node that a person would ask, with origins as `file:line`; undefined where there is no such node. */
export function nodeToJson({ view, world }: Source, name: string): Record<string, unknown> | undefined {
  const node = view?.nodes.get(name);
  if (node === undefined) return undefined;
  return {
    ...summary(node, world?.waiting.has(name) === true),
    from: origin(node.row),
    groups: node.groups,
    macs: node.macs.map(({ mac }) => mac),
    netboot: node.netboot,
    imageServer: node.imageServer?.address,
    master: node.master === undefined ? undefined : `${node.master.address}:${node.master.port}`,
    waiting: world?.waiting.get(name),
    problems: node.problems.map(({ code, message, mend }) => ({ code, message, mend })),
    image:
      node.image === undefined
        ? undefined
        : { name: node.image.name, generation: node.image.build.generation, from: origin(node.image.row) },
    statemnt: node.statemnt === undefined ? undefined : { ...mount(node.statemnt), from: origin(node.statemnt.row) },
    litetree: node.litetree.map((tree) => ({
      priority: tree.priority,
      ...mount(tree),
      ours: tree.ours,
      from: origin(tree.row),
    })),
    litefile: (node.image?.litefile ?? []).map((entry) => ({
      path: entry.directory ? `${entry.path}/` : entry.path,
      options: entry.kind,
      from: origin(entry.row),
    })),
  };
}

function mount({ server, path, options }: { server: string | undefined; path: string; options: string | undefined }): {
  readonly mount: string;
  readonly options: string | undefined;
} {
  return { mount: server === undefined ? path : `${server}:${path}`, options };
}

function origin(row: Row): string {
  const { file, line } = originOf({ row });
  return `${file}:${line}`;
}
