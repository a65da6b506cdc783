/** The text of a node's yaboot configuration, in the form that the original wrote in 2010. */
import { joinKernelLine, type KernelFault, type KernelLine } from '../../core/boot/kernel-line.ts';
import { safeKernelLine, safeStateText } from '../../core/boot/loader.ts';
import type { Node, View } from '../../core/resolve/view.ts';

/** Bytes that a POWER kernel takes without its closing zero: COMMAND_LINE_SIZE was 512 in the kernels that yaboot booted. */
export const longestLine = 511;

/** Bytes of the line as the kernel gets it: what stands between the quotes of `append`. */
export function passedBytes(line: KernelLine): number {
  return Buffer.byteLength(joinKernelLine(line.arguments));
}

/** Words that cannot stand between the quotes of `append="…"`: yaboot knows no other way to write a quote there. */
export function unwritable(line: KernelLine): KernelFault[] {
  const faults: KernelFault[] = [];
  for (const argument of line.arguments) {
    if (!('raw' in argument) || !/["\\]/.test(argument.raw)) continue;
    const why = 'holds a double quote or a backslash, which yaboot reads as the end of its append line';
    faults.push({ text: argument.raw, why, from: argument.from });
  }
  return faults;
}

/**
 * Gives a node's boot file; undefined where it gets none: no state, offline, something in `problems`, or a kernel line
 * that could not be written safely (check says why).
 */
export function bootFile(view: View, node: Node, limit: number): string | undefined {
  const state = safeStateText(node);
  if (state === undefined) return undefined;
  if (node.state === 'boot') return `#${state}\nbye\n`;
  const line = safeKernelLine(view, node);
  if (line === undefined || unwritable(line).length > 0 || passedBytes(line) > limit) return undefined;
  const append = joinKernelLine(line.arguments);
  return `#${state}\ntimeout=5\nimage=${line.kernel}\n\tlabel=xcat\n\tinitrd=${line.initrd}\n\tappend="${append}"\n`;
}
