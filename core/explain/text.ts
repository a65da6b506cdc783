/** Explanations for people: compact, aligned, every value with the place it was written at. */
import type { Position } from '../diagnostic/diagnostic.ts';
import { foldNodes } from '../noderange/fold.ts';
import { renderDiagnostic } from '../plan/render.ts';
import type { LiteKind } from '../resolve/view.ts';
import type { Author } from './authorship.ts';
import type { Content } from './content.ts';
import type { FileExplanation, FileGroup, LiteRowExplanation, TriedTree } from './file.ts';
import type { MountExplanation, TreeExplanation } from './mount.ts';
import type { ImageExplanation, NodeExplanation, Origin } from './node.ts';
import type { PolicyRefusal } from './policy.ts';
import type { SearchedRow, ValueExplanation, ValueGroup } from './value.ts';

/** `tables/litefile.csv:3:12`; a dash where nothing was written. */
export function placeText(at: Position | undefined): string {
  if (at === undefined) return '-';
  if (at.line === 0) return at.file;
  return at.column === 0 ? `${at.file}:${at.line}` : `${at.file}:${at.line}:${at.column}`;
}

/** Rows of cells as lines: every column but the last as wide as its widest cell. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    // The last cell of a row may be long; it pushes nothing.
    row.slice(0, -1).forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** One line, or none where the folder is no repository. */
export function authorLines(author: Author): string[] {
  if (author === undefined) return [];
  if (author === 'uncommitted') return ['not committed yet'];
  return [`${author.commit.slice(0, 10)}  ${author.author}  ${author.date.slice(0, 10)}  ${author.subject}`];
}

/** Lines under one heading: the heading stands before the first. */
function section(heading: string, lines: readonly string[]): string[] {
  return lines.map((line, i) => `${(i === 0 ? heading : '').padEnd(10)}${line}`.trimEnd());
}

/** `mounted`: what a node makes of statelite.statemnt, whose rows may be for one image only. */
export function valueLines(value: ValueExplanation, author: Author, mounted?: MountExplanation): string[] {
  const name = `${value.table}.${value.column}`;
  const lines = [`${value.node} ${name}`, ''];
  if (value.text !== undefined) lines.push(...section('value', [value.text]));
  else lines.push(...section('value', [value.tableExists ? 'none' : `none: there is no tables/${value.table}.csv`]));
  if (value.pattern !== undefined) {
    const after = value.pattern.why === undefined ? `gives ${value.text}` : `gives nothing: ${value.pattern.why}`;
    lines.push(...section('pattern', [value.pattern.raw, after]));
  }
  if (value.at !== undefined) lines.push(...section('row', [placeText(value.at), ...authorLines(author)]));
  if (mounted !== undefined) lines.push(...section('mounted', mountLines(mounted)));
  lines.push(...section('searched', aligned(value.searched.map(searchedCells))));
  if (value.without.length > 0) lines.push(...section('no row', [value.without.join(', ')]));
  return lines;
}

const outcomes = {
  used: 'used',
  hidden: 'has one too: hidden by the row used',
  empty: 'has a row, but nothing in this column',
  off: 'switched off by its column disable',
} as const;

function searchedCells(row: SearchedRow): string[] {
  const who = row.through === 'node' ? `node ${row.key}` : `group ${row.key}`;
  return [who, row.raw ?? '', placeText(row.at), outcomes[row.outcome]];
}

/** One line for each value that some of the nodes have. */
export function valueGroupLines(groups: readonly ValueGroup[], width: number): string[] {
  return aligned(
    groups.map(({ text, at, nodes }) => [foldNodes(nodes, Math.max(30, width - 50)), text ?? '(none)', placeText(at)]),
  );
}

/** One line for each way in which the path reaches some of the nodes. */
export function fileGroupLines(groups: readonly FileGroup[], width: number): string[] {
  return aligned(
    groups.map(({ sample, nodes }) => {
      const { entry, supplies } = sample;
      const from = supplies.map((tree) => `${tree.raw} (${placeText(tree.at)})`).join(', ');
      const supplier =
        sample.silent ??
        (entry === undefined ? 'read-only from the image' : from === '' ? '/.default of the image' : from);
      return [foldNodes(nodes, Math.max(30, width - 60)), entry?.kind ?? '-', placeText(entry?.at), supplier];
    }),
  );
}

const meanings: Readonly<Record<LiteKind, string>> = {
  link: 'copied into memory at boot; changes are gone after the next boot',
  'link+persistent': 'kept across boots: taken once, then left alone; git revert does not bring it back',
  'link+ro': 'read live from the tree: a change shows on running nodes',
  'link+con': "the image's own first, then that of every tree, joined at boot",
  bind: 'copied into memory at boot and mounted over; changes are gone after the next boot',
  'bind+persistent': 'kept across boots: taken once, then left alone; git revert does not bring it back',
  'bind+ro': 'read live from the tree: a change shows on running nodes',
  'bind+con': "the image's own first, then that of every tree, joined at boot",
  'bind+localdisk': "kept on the node's own disk: taken once, then left alone",
};

/** What else is known about a file when it is printed. */
export interface FileDetails {
  readonly rowAuthor: Author;
  /** By path in the repository. */
  readonly contents: ReadonlyMap<string, { readonly content: Content | undefined; readonly author: Author }>;
}

export function fileLines(file: FileExplanation, details: FileDetails): string[] {
  const { entry } = file;
  const own = entry?.path === file.path;
  const lines = [`${file.node}:${file.path}`, ''];
  if (file.silent !== undefined) lines.push(...section('note', [file.silent]));
  if (file.image !== undefined) lines.push(...section('image', [file.image]));
  if (entry === undefined) {
    if (file.image !== undefined)
      lines.push(...section('listed', ['comes read-only from the image, no litefile row lists it']));
  } else {
    const as = `${entry.path}${entry.directory ? '/' : ''}`;
    const how = own ? entry.kind : `comes with ${as}, which is ${entry.kind}`;
    lines.push(...section('listed', [`${how}: ${meanings[entry.kind]}`]));
    lines.push(...section('row', [placeText(entry.at), ...authorLines(details.rowAuthor)]));
  }
  const others = file.rows.filter(({ outcome }) => outcome !== 'used');
  lines.push(...section('also', aligned(others.map(rowCells))));
  const parents = own ? file.parents : file.parents.slice(1);
  if (parents.length > 0)
    lines.push(...section('inside', aligned(parents.map((p) => [`${p.path}/`, p.kind, placeText(p.at)]))));
  if (file.below > 0) lines.push(...section('below', [`${file.below} more listed below it`]));
  if (file.kept !== undefined) lines.push(...section('kept', [`${file.kept.file}  ${placeText(file.kept.at)}`]));
  if (entry !== undefined) {
    const last = file.supplies.length === 0 ? 'supplies it' : entry.kind.endsWith('+con') ? 'comes first' : 'not asked';
    const counts = entry.kind.endsWith('+con') ? 'is joined with these' : 'counts instead';
    lines.push(
      ...section('trees', aligned([...file.trees.map(treeCells), ['-', '/.default of the image', '', last]])),
      ...section(
        '',
        file.before.map((tree) => `if ${tree.text}${entry.path} exists, it ${counts}: that cannot be seen from here`),
      ),
    );
    lines.push(...supplyLines(file, details));
  }
  return lines;
}

const rowOutcomes: Readonly<Record<LiteRowExplanation['outcome'], string>> = {
  used: 'used',
  hidden: 'hidden by the row used, which names the image more closely',
  'other image': "for other images than this node's",
  refused: 'cannot be used: litehouse check says why',
  off: 'switched off by its column disable',
};

function rowCells(row: LiteRowExplanation): string[] {
  return [row.image ?? '(every image)', row.options ?? '(no option)', placeText(row.at), rowOutcomes[row.outcome]];
}

const treeOutcomes: Readonly<Record<TriedTree['outcome'], string>> = {
  supplies: 'supplies it',
  beaten: 'has it too, but comes later',
  'has it not': 'does not have it',
  unseen: 'cannot be seen from here',
  'not mounted': 'not mounted: the repository has no such directory',
};

function treeCells(tree: TriedTree): string[] {
  return [tree.priority, tree.text, placeText(tree.at), treeOutcomes[tree.outcome]];
}

function supplyLines(file: FileExplanation, details: FileDetails): string[] {
  const lines: string[] = [];
  for (const tree of file.supplies) {
    const { found } = tree;
    if (found === undefined) continue;
    if (found.kind === 'directory')
      lines.push(
        ...section('content', [
          `${found.path}/  a directory of ${found.files} ${found.files === 1 ? 'file' : 'files'}`,
        ]),
      );
    else if (found.kind === 'link')
      lines.push(
        ...section('content', [`${found.path}  a link that leads out of the tree, or in a circle: ${found.to}`]),
      );
    else {
      const known = details.contents.get(found.path);
      lines.push(...section('content', [contentHead(found.path, known?.content), ...authorLines(known?.author)]));
      for (const path of found.through) lines.push(...section('', [`through the link ${path}`]));
      lines.push(...section('', contentLines(known?.content)));
    }
  }
  return lines;
}

function contentHead(path: string, content: Content | undefined): string {
  if (content === undefined) return path;
  return `${path}  ${content.bytes} bytes${content.mode === '100755' ? ', executable' : ''}${content.lines === undefined ? ', not text' : ''}`;
}

function contentLines(content: Content | undefined): string[] {
  const lines = (content?.lines ?? []).map((line) => `| ${line}`);
  if (content !== undefined && content.more > 0) lines.push(`  … ${content.more} more lines`);
  return lines;
}

export function nodeLines(node: NodeExplanation, width: number): string[] {
  const lines = [`${node.node}  ${placeText(node.at)}`, ''];
  const origin = (heading: string, value: Origin | undefined): void => {
    if (value !== undefined) lines.push(...section(heading, [originText(value)]));
  };
  origin('groups', node.groups.text === '' ? undefined : node.groups);
  origin('state', node.state);
  origin('image', node.image);
  if (node.addresses.length > 0) lines.push(...section('address', [node.addresses.join(', ')]));
  if (node.macs.length > 0) lines.push(...section('mac', [node.macs.join(', ')]));
  origin('served by', node.imageServer);
  origin('asks', node.master);
  if (node.statemnt !== undefined) lines.push(...section('statemnt', mountLines(node.statemnt)));
  const places = {
    ours: '',
    absent: 'not mounted: the repository has no such directory',
    foreign: 'foreign',
    image: 'on the image',
  };
  const trees = aligned(node.trees.map((tree) => [tree.priority, tree.text, placeText(tree.at), places[tree.place]]));
  lines.push(
    ...section(
      'litetree',
      node.trees.flatMap((tree, i) => [trees[i] ?? '', ...variableLines(tree)]),
    ),
  );
  const kinds = Object.entries(node.litefile).map(([kind, number]) => `${number} ${kind}`);
  if (kinds.length > 0)
    lines.push(
      ...section('litefile', [`${kinds.join(', ')}  (litehouse explain ${node.image?.text ?? 'IMAGE'} lists them)`]),
    );
  for (const problem of node.problems)
    lines.push(...section('problem', renderDiagnostic({ ...problem, nodes: [] }, width)));
  for (const refusal of node.policy) lines.push(...section('policy', policyLines(refusal, node.addresses)));
  lines.push('', ...aligned(node.values.map(valueCells)));
  return lines;

  function valueCells(value: NodeExplanation['values'][number]): string[] {
    const through = value.key === node.node ? 'own row' : `group ${value.key}`;
    const cell = value.raw === undefined ? '' : `  from ${value.raw}`;
    return [`${value.table}.${value.column}`, value.text, placeText(value.at), through + cell];
  }
}

function policyLines({ commands, addresses, why, mend }: PolicyRefusal, all: readonly string[]): string[] {
  const from = addresses.length === all.length ? '' : ` at ${addresses.join(', ')}`;
  return [`may not ask for ${commands.join(' and ')}${from}: ${why}`, `mend: ${mend}`];
}

function originText({ text, at, note }: Origin): string {
  return `${text}  ${placeText(at)}${note === undefined ? '' : `  (${note})`}`;
}

function mountLines(mount: MountExplanation): string[] {
  return [`${mount.text}  ${placeText(mount.at)}`, ...variableLines(mount)];
}

function variableLines(mount: MountExplanation | TreeExplanation): string[] {
  return aligned(mount.variables.map(({ name, text, at }) => [`   ${name}`, text ?? '(none)', placeText(at)]));
}

export function imageLines(image: ImageExplanation, width: number): string[] {
  const lines = [`${image.image}  ${placeText(image.at)}`, ''];
  lines.push(...section('is', [`${image.os} ${image.arch} ${image.profile}`]));
  if (image.groups.length > 0) lines.push(...section('groups', [image.groups.join(',')]));
  const nodes = `${image.nodes.length}${image.nodes.length === 0 ? '' : `: ${foldNodes(image.nodes, width - 30)}`}`;
  lines.push(...section('nodes', [nodes]));
  lines.push(
    ...section('litetree', aligned(image.litetree.map((row) => [row.priority, row.directory, placeText(row.at)]))),
  );
  lines.push('', ...aligned(image.values.map((v) => [`${v.table}.${v.column}`, v.text, placeText(v.at)])));
  lines.push(
    '',
    ...aligned(image.litefile.map((e) => [`${e.path}${e.directory ? '/' : ''}`, e.kind, placeText(e.at)])),
  );
  return lines;
}
