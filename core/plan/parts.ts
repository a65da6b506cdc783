/** Composes files that many nodes share from their parts: the engine, not a plugin, because waiting nodes keep theirs. */
import { foldNodes } from '../noderange/fold.ts';
import type { PartOutput, SharedFileOutput } from '../plugin/output.ts';

interface Line {
  readonly order: number;
  readonly line: string;
  readonly items: Set<string>;
  /** What each node needs of it by itself. */
  readonly alone: Set<string>;
  /** Whether a plan has it, or only a running node. */
  planned: boolean;
  /** Nodes for which it is more than the plan says, and what is more. */
  readonly held: Set<string>;
  readonly heldItems: Set<string>;
}

/** What is there only because a running node booted with it: a part of a shared file, or a published directory. */
export interface Held {
  readonly node: string;
  readonly root: string;
  readonly path: string;
  readonly line: string;
  readonly item: string | undefined;
}

/** Gathers the parts of one file. */
export class SharedFile {
  readonly owner: SharedFileOutput | undefined;
  readonly plugin: string;
  /** By order, then by text: every node has parts, and none makes a key of its own. */
  private readonly lines = new Map<number, Map<string, Line>>();
  private readonly booted: { readonly node: string; readonly part: PartOutput }[] = [];

  constructor(owner: SharedFileOutput | undefined, plugin: string) {
    this.owner = owner;
    this.plugin = plugin;
  }

  add(part: PartOutput): void {
    const line = this.line(part);
    line.planned = true;
    if (part.item !== undefined) line.items.add(part.item);
    if (part.alone !== undefined) line.alone.add(part.alone);
  }

  /** A part that a node booted with, whatever is planned for it now. */
  hold(node: string, part: PartOutput): void {
    this.booted.push({ node, part });
  }

  /** Adds what nodes booted with and no part gives them any more; to be called once, after all parts. */
  settle(): Held[] {
    const held: Held[] = [];
    for (const { node, part } of this.booted) {
      const item = part.alone ?? part.item;
      const line = this.line(part);
      if (item === undefined ? line.planned : line.items.has(item) || line.alone.has(item)) continue;
      if (item !== undefined) line.heldItems.add(item);
      line.held.add(node);
      held.push({ node, root: part.root, path: part.path, line: part.line, item });
    }
    return held;
  }

  private line(part: PartOutput): Line {
    let ofOrder = this.lines.get(part.order);
    if (ofOrder === undefined) {
      ofOrder = new Map();
      this.lines.set(part.order, ofOrder);
    }
    let line = ofOrder.get(part.line);
    if (line === undefined) {
      line = {
        order: part.order,
        line: part.line,
        items: new Set(),
        alone: new Set(),
        planned: false,
        held: new Set(),
        heldItems: new Set(),
      };
      ofOrder.set(part.line, line);
    }
    return line;
  }

  /** Header, then lines by (order, text), each with its items in natural order of their digits: 10.0.0.9 before 10.0.0.10. */
  text(): string {
    const all = [...this.lines.values()].flatMap((ofOrder) => [...ofOrder.values()]);
    const lines = all.sort((a, b) => a.order - b.order || (a.line < b.line ? -1 : 1));
    let text = (this.owner?.header ?? []).map((line) => `${line}\n`).join('');
    for (const { line, items: planned, held, heldItems } of lines) {
      const items = heldItems.size === 0 ? planned : new Set([...planned, ...heldItems]);
      if (held.size > 0) text += `# held until it boots again or is released: ${foldNodes([...held])}\n`;
      text += items.size === 0 ? `${line}\n` : `${line} ${naturally([...items]).join(' ')}\n`;
    }
    return text;
  }
}

/** Sorts with runs of digits padded, once a string: a comparison of numbers at each step costs ten times as much. */
function naturally(items: string[]): string[] {
  return items
    .map((item) => [item.replace(/\d+/g, (digits) => digits.padStart(10, '0')), item] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1))
    .map(([, item]) => item);
}
