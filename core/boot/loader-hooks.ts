/** What makes a boot loader of its own: which nodes are its, what it looks for in them, and what it writes for one. */
import type { Output } from '../plugin/output.ts';
import type { PluginHooks } from '../plugin/plugin.ts';
import type { Node, View } from '../resolve/view.ts';
import { checkLoaderNodes, type LoaderCheck } from './check-loader.ts';
import { planLoaderNodes } from './loader.ts';

/** What every loader plugin reads of the tables. */
export const loaderReads = {
  noderes: ['netboot', 'nfsdir', 'servicenode'],
  servicenode: ['tftpserver'],
  chain: ['currstate'],
  mac: ['mac'],
  nodehm: ['serialport', 'serialspeed', 'serialflow'],
  bootparams: ['addkcmdline'],
  linuximage: ['imagename', 'addkcmdline'],
} as const;

export interface Loader extends Omit<LoaderCheck, 'more'> {
  readonly more?: (view: View, node: Node) => ReturnType<NonNullable<LoaderCheck['more']>>;
  /** The outputs of one node, on each of these targets; none where its file can't be written safely. */
  readonly plan: (view: View, node: Node, targets: readonly string[]) => readonly Output[];
}

/** The hooks of a loader's plugin. What is known of a node is remembered with it: one that stands unchanged is the same object. */
export function loaderHooks(loader: Loader): PluginHooks {
  const planned = new WeakMap<Node, readonly Output[]>();
  const sound = new WeakSet<Node>();
  const { more } = loader;
  return {
    check: (view) => {
      const looks: LoaderCheck = { ...loader, more: more === undefined ? undefined : (node) => more(view, node) };
      return checkLoaderNodes(view, looks, sound, (node) => (planned.get(node)?.length ?? 0) > 0);
    },
    plan: (view) => planLoaderNodes(view, loader.words, planned, (node, targets) => loader.plan(view, node, targets)),
  };
}
