/** Composes files that many nodes share from their parts: the engine, not a plugin, because waiting nodes keep theirs. */
import type { PartOutput, SharedFileOutput } from '../plugin/output.ts';

interface Line {
  readonly order: number;
  readonly line: string;
  readonly items: Set<string>;
}

/** Gathers the parts of one file. */
export class SharedFile {
  readonly owner: SharedFileOutput | undefined;
  readonly plugin: string;
  private readonly lines = new Map<string, Line>();

  constructor(owner: SharedFileOutput | undefined, plugin: string) {
    this.owner = owner;
    this.plugin = plugin;
  }

  add(part: PartOutput): void {
    const key = `${part.order} ${part.line}`;
    let line = this.lines.get(key);
    if (line === undefined) {
      line = { order: part.order, line: part.line, items: new Set() };
      this.lines.set(key, line);
    }
    if (part.item !== undefined) line.items.add(part.item);
  }

  /** Header, then lines by (order, text), each with its items in natural order of their digits: 10.0.0.9 before 10.0.0.10. */
  text(): string {
    const lines = [...this.lines.values()].sort((a, b) => a.order - b.order || (a.line < b.line ? -1 : 1));
    let text = (this.owner?.header ?? []).map((line) => `${line}\n`).join('');
    for (const { line, items } of lines) {
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
