/** yaboot: one configuration file a POWER node, `etc/<node>`, under all the names that firmware and loader ask for. */
import { z } from 'zod';
import { loaderHooks, loaderReads } from '../../core/boot/loader-hooks.ts';
import type { Output } from '../../core/plugin/output.ts';
import { contractVersion, definePlugin } from '../../core/plugin/plugin.ts';
import type { Node, View } from '../../core/resolve/view.ts';
import { bootFile, longestLine, passedBytes, unwritable } from './boot-file.ts';
import { hardLinkNames } from './names.ts';

const options = z.strictObject({
  /** Words of noderes.netboot that this plugin answers to. */
  words: z.array(z.string()).default(['yaboot']),
  /** Longest kernel line in bytes; 2047 where all kernels are of 2015 or later. */
  maxCommandLine: z.number().int().positive().max(4095).default(longestLine),
});

type Options = z.output<typeof options>;

export const yaboot = definePlugin<Options>({
  name: 'yaboot',
  contract: contractVersion,
  version: '1',
  about: 'Writes etc/<node> and yaboot.conf-<mac> for POWER nodes whose noderes.netboot is yaboot.',
  reads: loaderReads,
  options,
  setup: (given) =>
    loaderHooks({
      ...given,
      loader: 'yaboot',
      passedBytes,
      unwritable,
      plan: (view, node, targets) => planNode(view, node, given, targets),
    }),
});

/** The file and its further names on each of these hosts; hard links, as the original made them. */
function planNode(view: View, node: Node, given: Options, targets: readonly string[]): Output[] {
  const text = bootFile(view, node, given.maxCommandLine);
  if (text === undefined) return [];
  const outputs: Output[] = [];
  const names = hardLinkNames(node);
  const path = `etc/${node.name}`;
  for (const target of targets) {
    const placed = { target, root: 'tftp', node: node.name } as const;
    outputs.push({ ...placed, kind: 'file', path, mode: 0o644, content: { text } });
    for (const name of names) if (name !== path) outputs.push({ ...placed, kind: 'hardlink', path: name, to: path });
  }
  return outputs;
}
