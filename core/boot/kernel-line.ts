/** The kernel line of a node as a typed list of arguments: every boot loader plugin joins the same list, once. */
import type { Image, Node, Value, View } from '../resolve/view.ts';
import type { Row, Table } from '../tables/table.ts';
import { imageDirectory } from './image-directory.ts';

/** The cell that an argument's text came from, so that a fault in it can be shown where it was written. */
export interface ArgumentSource {
  readonly row: Row;
  readonly column?: string;
}

/** `name=value`, a bare `name`, or words that an administrator wrote (addkcmdline), which may hold quotes and several words. */
export type KernelArgument =
  | { readonly name: string; readonly value?: string; readonly from?: ArgumentSource }
  | { readonly raw: string; readonly from?: ArgumentSource };

export interface KernelLine {
  /** Paths below the TFTP root. */
  readonly kernel: string;
  readonly initrd: string;
  /** Without `initrd=`, which is spelt by the loader. */
  readonly arguments: readonly KernelArgument[];
}

export interface KernelFault {
  readonly text: string;
  readonly why: string;
  readonly from: ArgumentSource | undefined;
}

/** Words that the node program or the loader reads, and that addkcmdline therefore must not bring a second time. */
export const ownWords: ReadonlySet<string> = new Set(['initrd', 'NFSROOT', 'STATEMNT', 'XCAT', 'LHGEN', 'BOOT_IMAGE']);

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point.
const control = /[\u0000-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point.
const unsafe = /[\u0000-\u0020\u007f-\u00a0"'\\\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]/;
const blankOrQuote = /[\s"'\\]/;

/**
 * Joins arguments with one blank each, none at the end.
 * @example joinKernelLine([{ name: 'XCAT', value: '10.0.0.1:3001' }, { raw: ' quiet  ro' }]) // 'XCAT=10.0.0.1:3001 quiet ro'
 * @throws RangeError where an argument has a fault (see `kernelArgumentFault`): such a line would not mean what it says.
 */
export function joinKernelLine(args: readonly KernelArgument[]): string {
  const words: string[] = [];
  for (const argument of args) {
    const why = kernelArgumentFault(argument);
    if (why !== undefined) throw new RangeError(`kernel argument ${JSON.stringify(textOf(argument))} ${why}`);
    if ('raw' in argument) words.push(...rawWords(argument.raw));
    else words.push(textOf(argument));
  }
  return words.join(' ');
}

/** What is wrong with an argument; undefined where nothing is. A raw one may hold blanks and quotes, but is one line. */
export function kernelArgumentFault(argument: KernelArgument): string | undefined {
  if ('raw' in argument) {
    return control.test(argument.raw.replaceAll('\t', ' ')) ? 'holds a line break or a control character' : undefined;
  }
  const text = textOf(argument);
  // By busybox, whose mount runs what stands before it.
  if (argument.name === 'NFSROOT' && text.includes('#')) return 'holds a #, and the initrd could not mount it';
  // Ten thousand lines of ten words, and hardly ever anything: one look before the two that say what it is.
  if (!unsafe.test(text)) return undefined;
  if (control.test(text)) return 'holds a line break or a control character';
  if (blankOrQuote.test(text)) return 'holds a blank, a quote or a backslash';
  return undefined;
}

const faultsOf = new WeakMap<KernelLine, readonly KernelFault[]>();

/** Everything that keeps a kernel line from being written safely. */
export function kernelLineFaults(line: KernelLine): readonly KernelFault[] {
  const known = faultsOf.get(line);
  if (known !== undefined) return known;
  const faults: KernelFault[] = [];
  faultsOf.set(line, faults);
  for (const argument of [{ name: line.kernel }, { name: line.initrd }, ...line.arguments]) {
    const why = kernelArgumentFault(argument);
    if (why !== undefined) faults.push({ text: textOf(argument), why, from: argument.from });
  }
  return faults;
}

/** Names (the text before `=`) of the words in a text that an administrator wrote. */
export function rawNames(raw: string): string[] {
  return rawWords(raw).map((word) => word.split('=', 1)[0] ?? word);
}

/**
 * Gives the kernel line of a node in state statelite or shell; undefined for any other, and for one that lacks image,
 * image server or master (those are the node's `problems`). Order and spelling follow the 2010 boot files (RULES, Paths):
 * NFSROOT, STATEMNT, XCAT, our own words, console, the image's addkcmdline, the node's, and `shell` last.
 */
export function kernelLine(view: View, node: Node): KernelLine | undefined {
  // A node belongs to one view, and check and plan both ask.
  let line = lines.get(node);
  if (line === undefined) {
    line = makeKernelLine(view, node) ?? 'none';
    lines.set(node, line);
  }
  return line === 'none' ? undefined : line;
}

const lines = new WeakMap<Node, KernelLine | 'none'>();

function makeKernelLine(view: View, node: Node): KernelLine | undefined {
  const { image, imageServer, master } = node;
  if (node.state !== 'statelite' && node.state !== 'shell') return undefined;
  if (image === undefined || imageServer === undefined || master === undefined) return undefined;
  const place = imageDirectory(view, node);
  if (place === undefined) return undefined;

  const args: KernelArgument[] = [
    {
      name: 'NFSROOT',
      value: `${host(imageServer.address)}:${place.directory}`,
      from: place.nfsdir ?? { row: image.row },
    },
    statemntArgument(node),
    { name: 'XCAT', value: `${host(master.address)}:${master.port}`, from: { row: node.row } },
    { name: 'LHGEN', value: image.build.generation, from: { row: image.row } },
    ...consoleArguments(view, node).arguments,
  ];
  const ofImage = imageWords(view, image);
  if (ofImage !== undefined) args.push(ofImage);
  const ofNode = view.value(node.name, 'bootparams', 'addkcmdline');
  if (ofNode !== undefined) args.push({ raw: ofNode.text, from: ofNode });
  if (node.state === 'shell') args.push({ name: 'shell' });

  return { ...bootPaths(image), arguments: args };
}

/** Paths of kernel and initrd below the TFTP root; a built image has the digest of its boot files as the last folder. */
export function bootPaths(image: Image): { readonly kernel: string; readonly initrd: string } {
  const place = `xcat/netboot/${image.os}/${image.arch}/${image.profile}`;
  const folder = image.build.kind === 'built' ? `${place}/${image.build.boot}` : place;
  return { kernel: `${folder}/kernel`, initrd: `${folder}/initrd.gz` };
}

/**
 * Console words of nodehm. Both serialport and serialspeed are needed, as in the original; `incomplete` is the one that
 * stands alone.
 */
export function consoleArguments(
  view: View,
  node: Node,
): { readonly arguments: readonly KernelArgument[]; readonly incomplete: Value | undefined } {
  const port = view.value(node.name, 'nodehm', 'serialport');
  const speed = view.value(node.name, 'nodehm', 'serialspeed');
  if (port === undefined || speed === undefined) return { arguments: [], incomplete: port ?? speed };
  const flow = view.value(node.name, 'nodehm', 'serialflow')?.text.toLowerCase() ?? '';
  const hard = flow === 'hard' || flow === 'cts' || flow === 'ctsrts' ? 'n8r' : '';
  return {
    arguments: [
      { name: 'console', value: 'tty0' },
      { name: 'console', value: `ttyS${port.text},${speed.text}${hard}`, from: port },
    ],
    incomplete: undefined,
  };
}

/** linuximage.addkcmdline of an image. */
function imageWords(view: View, image: Image): KernelArgument | undefined {
  const table = view.tables.get('linuximage');
  const row = table === undefined ? undefined : rowsByImage(table).get(image.name);
  const raw = row?.table.value(row, 'addkcmdline');
  return raw === undefined || row === undefined ? undefined : { raw, from: { row, column: 'addkcmdline' } };
}

/** A table is frozen, so its index is made once, however many nodes ask. */
const imageRows = new WeakMap<Table, ReadonlyMap<string, Row>>();
function rowsByImage(table: Table): ReadonlyMap<string, Row> {
  let rows = imageRows.get(table);
  if (rows === undefined) {
    const made = new Map<string, Row>();
    for (const row of table.rows) {
      const name = table.value(row, 'imagename');
      if (name !== undefined) made.set(name, row);
    }
    imageRows.set(table, made);
    rows = made;
  }
  return rows;
}

/** `STATEMNT=` is always there, empty where the node keeps no state (facts 7). */
function statemntArgument(node: Node): KernelArgument {
  const mount = node.statemnt;
  if (mount === undefined) return { name: 'STATEMNT', value: '' };
  const server = mount.address ?? mount.server;
  const value = server === undefined ? mount.path : `${host(server)}:${mount.path}`;
  return { name: 'STATEMNT', value, from: { row: mount.row, column: 'statemnt' } };
}

/** An IPv6 address needs brackets before a colon. */
function host(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function textOf(argument: KernelArgument): string {
  if ('raw' in argument) return argument.raw;
  return argument.value === undefined ? argument.name : `${argument.name}=${argument.value}`;
}

function rawWords(raw: string): string[] {
  return raw.split(/[ \t]+/).filter((word) => word !== '');
}
