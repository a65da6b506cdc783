/** `nodeset`: the smallest edit of nodetype and chain after which exactly the nodes asked for resolve as asked (RULES, Nodes). */
import { editImage, editNodes, editWords } from '../diagnostic/catalogue/edit.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { noderangeContext } from '../noderange/context.ts';
import { expandNoderange } from '../noderange/expand.ts';
import { foldNodes } from '../noderange/fold.ts';
import { Findings } from '../resolve/findings.ts';
import { NodeLookup } from '../resolve/lookup.ts';
import type { Image, View } from '../resolve/view.ts';
import { nearest } from '../tables/nearest.ts';
import { parseTable } from '../tables/parse.ts';
import { schemas } from '../tables/schemas.ts';
import type { Table } from '../tables/table.ts';
import { assignColumn, type NodeKeys, rowEdits } from './assign.ts';
import { type EditResult, refuse, type SetNodes } from './edit.ts';
import { addEdited, tableToEdit } from './table-file.ts';

const written = { nodetype: ['os', 'arch', 'profile', 'provmethod'], chain: ['currstate'] } as const;

/** What a node's cells are to be, by `table.column`; a cell that is not named stays. */
type Wanted = ReadonlyMap<string, string>;

export function setNodes(view: View, { noderange, state }: SetNodes): EditResult {
  const named = nodesOf(view, noderange);
  if ('fault' in named) return refuse(named.fault);
  const wanted = wantedOf(view, named.nodes, state);
  if ('fault' in wanted) return refuse(wanted.fault);
  const groupsOf = new Map([...view.nodes.values()].map(({ name, groups }) => [name, groups]));
  const before = new NodeLookup(view.tables, groupsOf, new Findings());
  const keys: NodeKeys = { nodes: groupsOf, groups: bareGroups(view, noderange, named.nodes) };
  const files = new Map<string, string>();
  const tables = new Map(view.tables);
  for (const [name, columns] of Object.entries(written)) {
    const table = tableToEdit(view, name);
    if ('fault' in table) return refuse(table.fault);
    const cells = new Map<string, Record<string, string | undefined>>();
    for (const column of columns) {
      const values = new Map<string, string>();
      for (const [node, of] of wanted.nodes) {
        const value = of.get(`${name}.${column}`);
        if (value !== undefined) values.set(node, value);
      }
      assignColumn({ lookup: before, keys, table: name, column, values, enough }, cells);
    }
    addEdited(files, table, rowEdits(table, before, cells));
    const text = files.get(table.file);
    if (text !== undefined) tables.set(name, reread(table, text));
  }
  const wrong = verify(before, new NodeLookup(tables, groupsOf, new Findings()), groupsOf.keys(), wanted.nodes);
  return wrong === undefined ? { kind: 'files', files } : refuse(wrong);
}

/** `statelite` alone says as much as `statelite rhels5.4-x86_64-compute`: boot files get the rest from the image. */
function enough(text: string | undefined, value: string): boolean {
  return text === value || (text !== undefined && /^(statelite|shell) /.test(value) && text === value.split(' ')[0]);
}

function nodesOf(view: View, text: string): { readonly nodes: readonly string[] } | { readonly fault: Diagnostic } {
  const range = noderangeContext(view);
  const { nodes, missed, errors } = expandNoderange(text, range);
  const [error] = errors;
  const fault = (what: string, mend: string) => ({ fault: editNodes(undefined, { what, mend }) });
  if (error !== undefined)
    return fault(`noderange '${text}', character ${error.offset + 1}: ${error.message}`, error.mend);
  if (missed.length > 0) {
    const near = nearest(missed[0] ?? '', [...view.nodes.keys()].slice(0, 10_000));
    const what = `neither a node nor a group: ${foldNodes(missed, 200)}`;
    return fault(what, near === undefined ? 'litehouse nodels lists the nodes' : `did you mean ${near}?`);
  }
  if (nodes.length === 0) return fault(`noderange '${text}' names no node`, 'litehouse nodels lists the nodes');
  return { nodes };
}

/**
 * The groups that a noderange of nothing but group names consists of, where all that take values from such a group are asked
 * for: a node that site.excludenodes leaves out must not change with its group.
 */
function bareGroups(view: View, text: string, nodes: readonly string[]): ReadonlySet<string> {
  const names = new Set(text.split(','));
  if ([...names].some((name) => !/^[\w.-]+$/.test(name) || name.startsWith('-') || view.nodes.has(name)))
    return new Set();
  const asked = new Set(nodes);
  const found = new Set<string>();
  const reaching = new Set<string>();
  for (const { name, groups } of view.nodes.values()) {
    for (const group of groups) {
      if (!names.has(group)) continue;
      found.add(group);
      if (!asked.has(name)) reaching.add(group);
    }
  }
  for (const group of reaching) found.delete(group);
  return found;
}

function wantedOf(
  view: View,
  nodes: readonly string[],
  state: string,
): { readonly nodes: ReadonlyMap<string, Wanted> } | { readonly fault: Diagnostic } {
  const [, word = '', named] = /^(\w+)(?:=([\s\S]*))?$/.exec(state.trim()) ?? [];
  const all = (of: Wanted) => ({ nodes: new Map(nodes.map((node) => [node, of])) });
  if ((word === 'boot' || word === 'offline') && named === undefined) return all(new Map([['chain.currstate', word]]));
  if ((word === 'statelite' || word === 'osimage') && named !== undefined) {
    const image = findImage(view, named);
    if ('fault' in image) return image;
    return all(
      new Map([
        ['nodetype.os', image.os],
        ['nodetype.arch', image.arch],
        ['nodetype.profile', image.profile],
        ['nodetype.provmethod', image.name],
        ['chain.currstate', stateOf('statelite', image)],
      ]),
    );
  }
  if ((word === 'statelite' || word === 'shell') && named === undefined) return keepImages(view, nodes, word);
  return {
    fault: editWords(undefined, {
      what: `'${state}' is no state`,
      mend: 'write statelite, statelite=IMAGE, boot, shell or offline',
    }),
  };
}

/** Each node keeps its image, which has to be one. */
function keepImages(view: View, nodes: readonly string[], word: string): ReturnType<typeof wantedOf> {
  const of = new Map<Image, Wanted>();
  const wanted = new Map<string, Wanted>();
  const without: string[] = [];
  for (const node of nodes) {
    const image = view.nodes.get(node)?.image;
    if (image === undefined) {
      without.push(node);
      continue;
    }
    let cells = of.get(image);
    if (cells === undefined) {
      cells = new Map([['chain.currstate', stateOf(word, image)]]);
      of.set(image, cells);
    }
    wanted.set(node, cells);
  }
  if (without.length === 0) return { nodes: wanted };
  const what = `${foldNodes(without, 200)}: no image to keep: nodetype names none that osimage has`;
  return {
    fault: editImage(undefined, { what, mend: 'name one: litehouse nodeset NODERANGE statelite=IMAGE' }, without),
  };
}

/** As the original writes it: `statelite rhels5.4-x86_64-compute`. */
function stateOf(word: string, { os, arch, profile }: Image): string {
  return `${word} ${os}-${arch}-${profile}`;
}

/** An image by its own name, else by `<os>-<arch>-<profile>`; of several of those the one with `statelite` in its name. */
export function findImage(view: View, name: string): Image | { readonly fault: Diagnostic } {
  const exact = view.images.get(name);
  if (exact !== undefined) return exact;
  const alike = [...view.images.values()].filter(({ os, arch, profile }) => `${os}-${arch}-${profile}` === name);
  const [one] = alike;
  const usual = alike.find((image) => image.name === `${image.os}-${image.arch}-statelite-${image.profile}`);
  if (usual !== undefined) return usual;
  if (one !== undefined && alike.length === 1) return one;
  if (one !== undefined) {
    const names = alike.map((image) => image.name).join(', ');
    return { fault: editImage(undefined, { what: `'${name}' is ${alike.length} images`, mend: `name one: ${names}` }) };
  }
  const near = nearest(name, [...view.images.keys()]);
  const mend = near === undefined ? `osimage has ${[...view.images.keys()].join(', ')}` : `did you mean ${near}?`;
  return { fault: editImage(undefined, { what: `there is no image '${name}'`, mend }) };
}

function reread(table: Table, text: string): Table {
  return parseTable(table.name, table.file, text, schemas.get(table.name)).table ?? table;
}

/** Resolves every node again: those asked for are as asked, all others as before. Gives what is wrong, where something is. */
function verify(
  before: NodeLookup,
  after: NodeLookup,
  nodes: Iterable<string>,
  asked: ReadonlyMap<string, Wanted>,
): Diagnostic | undefined {
  const wrong = new Set<string>();
  for (const node of nodes) {
    for (const [table, columns] of Object.entries(written)) {
      for (const column of columns) {
        const text = after.value(node, table, column)?.text;
        const wanted = asked.get(node)?.get(`${table}.${column}`);
        const right = wanted === undefined ? text === before.value(node, table, column)?.text : enough(text, wanted);
        if (!right) wrong.add(node);
      }
    }
  }
  if (wrong.size === 0) return undefined;
  return editWords(
    undefined,
    {
      what: `the tables cannot say it so: ${foldNodes(wrong, 200)} would not resolve as asked, or change besides`,
      mend: 'see whether a node and a group have the same name there, or a row stands twice',
    },
    [...wrong],
  );
}
