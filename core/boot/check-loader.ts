/** What every boot loader plugin has to say about a commit before anything is written. */
import * as say from '../diagnostic/catalogue/boot.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { type Node, originOf, type Value, type View } from '../resolve/view.ts';
import { nearest } from '../tables/nearest.ts';
import {
  consoleArguments,
  type KernelFault,
  type KernelLine,
  kernelLine,
  kernelLineFaults,
  ownWords,
  rawNames,
} from './kernel-line.ts';
import { stateText } from './loader.ts';

export interface LoaderCheck {
  /** As messages name it. */
  readonly loader: string;
  /** Words of noderes.netboot that are this loader's. */
  readonly words: readonly string[];
  /** Words of other loaders. Given: a node with any other word is warned about; one plugin of several does that. */
  readonly otherLoaders?: readonly string[];
  readonly maxCommandLine: number;
  /** Bytes of a line as the loader passes it on. */
  readonly passedBytes: (line: KernelLine) => number;
  /** Why a text cannot stand in this loader's file; undefined: it can. */
  readonly unwritable?: (line: KernelLine) => readonly KernelFault[];
  /** What else the loader looks for in a node of its own. */
  readonly more?: (node: Node) => readonly Diagnostic[];
}

/**
 * Checks every node that has a state with a boot file. A fault in a shared row is said once, with all its nodes. `sound`
 * remembers nodes without a fault: one that stands unchanged is the same object. `written`: whether plan has written a node's
 * boot file already, which it does only with a line that is safe and short enough.
 */
export function checkLoaderNodes(
  view: View,
  options: LoaderCheck,
  sound: WeakSet<Node> = new WeakSet(),
  written: (node: Node) => boolean = () => false,
): Diagnostic[] {
  const found = new Findings();
  for (const node of view.nodes.values()) {
    if (node.state === undefined || node.state === 'offline' || sound.has(node)) continue;
    const before = found.count;
    if (node.netboot === undefined || !options.words.includes(node.netboot)) checkWord(found, view, node, options);
    else {
      checkText(found, node);
      for (const one of options.more?.(node) ?? []) found.single(one);
      if (node.state !== 'boot' && node.problems.length === 0) {
        checkWrittenIn(found, view, node);
        if (!written(node)) checkLine(found, view, node, options);
      }
    }
    if (found.count === before) sound.add(node);
  }
  // What stands in images is said once, by the loader that looks at all nodes.
  if (options.otherLoaders !== undefined) checkImages(found, view);
  return found.diagnostics();
}

/** Diagnostics by place and text; nodes gather on the first. */
class Findings {
  readonly #byKey = new Map<string, { make: (nodes: readonly string[]) => Diagnostic; nodes: string[] }>();

  readonly #single: Diagnostic[] = [];

  /** How often something was found. */
  count = 0;

  add(key: string, node: string | undefined, make: (nodes: readonly string[]) => Diagnostic): void {
    this.count++;
    let entry = this.#byKey.get(key);
    if (entry === undefined) {
      entry = { make, nodes: [] };
      this.#byKey.set(key, entry);
    }
    if (node !== undefined) entry.nodes.push(node);
  }

  single(diagnostic: Diagnostic): void {
    this.count++;
    this.#single.push(diagnostic);
  }

  diagnostics(): Diagnostic[] {
    return [...this.#single, ...[...this.#byKey.values()].map((entry) => entry.make(entry.nodes))];
  }
}

function checkWord(found: Findings, view: View, node: Node, options: LoaderCheck): void {
  const word = node.netboot;
  if (options.otherLoaders === undefined || (word !== undefined && options.otherLoaders.includes(word))) return;
  const value = view.value(node.name, 'noderes', 'netboot');
  const known = [...options.words, ...options.otherLoaders];
  const meant = word === undefined ? undefined : nearest(word, known);
  found.add(`loader ${word ?? ''} ${place(value)}`, node.name, (nodes) =>
    say.unknownLoader(originOf(value ?? { row: node.row }), { word, nearest: meant }, nodes),
  );
}

function checkText(found: Findings, node: Node): void {
  const text = stateText(node);
  const currstate = node.currstate;
  if (currstate === undefined || /^[^\r\n\0]*$/.test(text)) return;
  found.add(`state ${place(currstate)}`, node.name, (nodes) =>
    say.unsafeText(originOf(currstate), { text, why: 'holds a line break' }, nodes),
  );
}

/** Cells that reach a node's kernel line. */
function checkWrittenIn(found: Findings, view: View, node: Node): void {
  if (kernelLine(view, node) === undefined) return;
  const nfsdir = view.value(node.name, 'noderes', 'nfsdir');
  if (nfsdir !== undefined && !nfsdir.text.startsWith('/')) {
    found.add(`nfsdir ${place(nfsdir)}`, node.name, (nodes) =>
      say.relativeNfsdir(originOf(nfsdir), { text: nfsdir.text }, nodes),
    );
  }
  const { incomplete } = consoleArguments(view, node);
  if (incomplete !== undefined) {
    const other = incomplete.column === 'serialport' ? 'serialspeed' : 'serialport';
    found.add(`console ${place(incomplete)}`, node.name, (nodes) =>
      say.consoleIncomplete(originOf(incomplete), { column: incomplete.column, other }, nodes),
    );
  }
  const added = view.value(node.name, 'bootparams', 'addkcmdline');
  if (added !== undefined) checkWords(found, added.text, added, node.name);
}

/** The line itself, as the kernel would get it. */
function checkLine(found: Findings, view: View, node: Node, options: LoaderCheck): void {
  const { loader, maxCommandLine: limit } = options;
  const line = kernelLine(view, node);
  if (line === undefined) return;
  const faults = [...kernelLineFaults(line), ...(options.unwritable?.(line) ?? [])];
  for (const { text, why, from } of faults) {
    // The key is the row, not the text: with a variable in the row every node has another text, and one line says it all.
    const key = from === undefined ? text : `${from.row.table.file}:${from.row.line}:${from.column ?? ''}`;
    found.add(`text ${key} ${why}`, node.name, (nodes) =>
      say.unsafeText(originOf(from ?? { row: node.row }), { text, why }, nodes),
    );
  }
  const bytes = faults.length > 0 ? 0 : options.passedBytes(line);
  if (bytes > limit) {
    const added = view.value(node.name, 'bootparams', 'addkcmdline');
    found.add(`long ${node.name}`, node.name, (nodes) =>
      say.lineTooLong(originOf(added ?? { row: node.row }), { node: node.name, loader, bytes, limit }, nodes),
    );
  }
}

/** The images' own words are looked at once, not once a node. */
function checkImages(found: Findings, view: View): void {
  const table = view.tables.get('linuximage');
  for (const row of table?.rows ?? []) {
    const words = row.table.value(row, 'addkcmdline');
    if (words !== undefined) checkWords(found, words, { row, column: 'addkcmdline' }, undefined);
  }
}

function checkWords(
  found: Findings,
  text: string,
  from: Pick<Value, 'row' | 'column'>,
  node: string | undefined,
): void {
  for (const name of rawNames(text)) {
    if (!ownWords.has(name)) continue;
    found.add(`own ${name} ${place(from)}`, node, (nodes) => say.ownWord(originOf(from), { word: name }, given(nodes)));
  }
  const asked = /#(?:NODEATTRIB|TABLE):[^#]*#/.exec(text)?.[0];
  if (asked === undefined) return;
  found.add(`asked ${asked} ${place(from)}`, node, (nodes) =>
    say.unexpandedWord(originOf(from), { word: asked }, given(nodes)),
  );
}

function given(nodes: readonly string[]): readonly string[] | undefined {
  return nodes.length === 0 ? undefined : nodes;
}

function place(value: Pick<Value, 'row' | 'column'> | undefined): string {
  return value === undefined ? '' : `${value.row.table.file}:${value.row.line}:${value.column}`;
}
