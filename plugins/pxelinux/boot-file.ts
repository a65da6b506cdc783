/** The text of a node's pxelinux configuration, in the form that the original wrote in 2010. */
import { joinKernelLine, type KernelLine } from '../../core/boot/kernel-line.ts';
import { safeKernelLine, safeStateText } from '../../core/boot/loader.ts';
import type { Node, View } from '../../core/resolve/view.ts';

/** Bytes that pxelinux hands to the kernel: x86 takes 2048 with the closing zero. */
export const longestLine = 2047;

/** The APPEND text: `initrd=` first, as the original has it. */
export function appendText(line: KernelLine): string {
  return joinKernelLine([{ name: 'initrd', value: line.initrd }, ...line.arguments]);
}

/** Bytes of the line as the kernel gets it: pxelinux puts `BOOT_IMAGE=<kernel>` in front. */
export function passedBytes(line: KernelLine, append = appendText(line)): number {
  return Buffer.byteLength(`BOOT_IMAGE=${line.kernel} ${append}`);
}

/**
 * Gives a node's boot file; undefined where it gets none: no state, offline, something in `problems`, or a kernel line
 * that could not be written safely (check says why).
 */
export function bootFile(view: View, node: Node, limit: number): string | undefined {
  const state = safeStateText(node);
  if (state === undefined) return undefined;
  const head = `#${state}\nDEFAULT xCAT\nLABEL xCAT\n`;
  if (node.state === 'boot') return `${head}LOCALBOOT 0\n`;
  const line = safeKernelLine(view, node);
  if (line === undefined) return undefined;
  const append = appendText(line);
  if (passedBytes(line, append) > limit) return undefined;
  return `${head} KERNEL ${line.kernel}\n APPEND ${append}\n`;
}
