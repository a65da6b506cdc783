/** What is held, in the words of a plan and of the status. */
import { foldNodes } from '../noderange/fold.ts';
import type { HeldGroup } from './types.ts';

/** Lines for the end of a plan, most nodes first; what is not listed is counted. */
export function heldLines(
  held: readonly HeldGroup[] = [],
  options: { readonly width?: number; readonly most?: number } = {},
): string[] {
  const { width = 100, most = 8 } = options;
  const ordered = [...held].sort((a, b) => b.nodes.length - a.nodes.length);
  const lines = ordered.slice(0, most).map((group) => `  ${'held'.padEnd(12)} = ${heldText(group, width)}`);
  if (ordered.length > most)
    lines.push(`  ${''.padEnd(12)}   and ${ordered.length - most} more lines: litehouse status`);
  return lines;
}

/** `exports:litehouse.exports: /lite/state for n[01-03], until they boot again or are released` */
export function heldText({ root, path, line, nodes }: HeldGroup, width = 100): string {
  const whose = foldNodes(nodes, Math.max(20, width - 40));
  return `${root}:${path}: ${line.slice(0, 60)} for ${whose}, until they boot again or are released`;
}
