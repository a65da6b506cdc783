/** syncdirs: publishes the overlay trees of the repository, with owners and modes from attributes.csv. */
import { z } from 'zod';
import { ourServers } from '../../core/boot/servers.ts';
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import { plainRule, readAttributes } from '../../core/plan/attribute-rules.ts';
import { attributeFinder } from '../../core/plan/attributes.ts';
import { managementNode, type Output } from '../../core/plugin/output.ts';
import { contractVersion, definePlugin } from '../../core/plugin/plugin.ts';
import { originOf, type View } from '../../core/resolve/view.ts';
import { faultOf, pathsOf } from './attributes.ts';
import { matchesNothing, messages, openKey, setId } from './messages.ts';

const options = z.strictObject({});

export const syncdirs = definePlugin<z.output<typeof options>>({
  name: 'syncdirs',
  contract: contractVersion,
  version: '2',
  about: 'Publishes the folder syncdirs, which litetree rows name, with owners and modes from attributes.csv.',
  reads: { servicenode: ['nfsserver'] },
  messages,
  options,
  setup: () => ({ check: checkSyncdirs, plan: planSyncdirs }),
});

/** One published tree on the management node and on each service node whose trees a node mounts. */
function planSyncdirs(view: View): Output[] {
  const folder = view.folder('syncdirs');
  const { rules } = readAttributes(view);
  const ours = rules.filter((rule) => rule.folder === 'syncdirs');
  const attributes = ours.map(plainRule);
  const given = attributeFinder(attributes);
  const { files, directories } = pathsOf('syncdirs', folder.entries);

  const outputs: Output[] = [];
  for (const target of targetsOf(view)) {
    if (folder.tree !== undefined)
      outputs.push({ kind: 'tree', target, root: 'syncdirs', path: '', folder: 'syncdirs', attributes });
    for (const path of new Set(ours.filter((rule) => rule.directory).map((rule) => rule.path))) {
      // One that the tree has already gets its owner and mode as a rule of the tree.
      if (directories.has(path) || files.has(path) || path === 'syncdirs') continue;
      const { uid = 0, gid = 0, mode = 0o755 } = given(path);
      outputs.push({
        kind: 'directory',
        target,
        root: 'syncdirs',
        path: path.slice('syncdirs/'.length),
        mode,
        uid,
        gid,
      });
    }
  }
  return outputs;
}

function targetsOf(view: View): Set<string> {
  const servers = ourServers(view, 'nfsserver');
  const targets = new Set([managementNode]);
  if (servers.targets.length === 1) return targets;
  for (const node of view.nodes.values()) {
    for (const tree of node.litetree) {
      const target = tree.ours && tree.present ? servers.targetOf(tree.address) : undefined;
      if (target !== undefined) targets.add(target);
    }
  }
  return targets;
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

const keyName = /^(ssh_host_.*_key|id_(rsa|dsa|ecdsa|ed25519)|.*\.(pem|key))$/;

function checkSyncdirs(view: View): Diagnostic[] {
  const { rules, faults, diagnostics } = readAttributes(view);
  const found = [...diagnostics, ...faults.map(faultOf)];
  for (const name of ['syncdirs', 'images'] as const) {
    const { files, directories } = pathsOf(name, view.folder(name).entries);
    for (const rule of rules) {
      if (rule.folder !== name) continue;
      const known =
        rule.deep || rule.directory ? directories.has(rule.path) : files.has(rule.path) || directories.has(rule.path);
      // A directory that only its own row makes is no mistake, unless a file stands in its place.
      const made = rule.directory && name === 'syncdirs' && !files.has(rule.path);
      if (!known && !made) {
        const path = rule.row.table.value(rule.row, 'path') ?? rule.path;
        found.push(matchesNothing(originOf({ row: rule.row, column: 'path' }), { path }));
      }
      const { mode = 0 } = rule;
      if (name === 'syncdirs' && (mode & 0o6000) !== 0 && (rule.deep ? known : files.has(rule.path))) {
        const path = rule.row.table.value(rule.row, 'path') ?? rule.path;
        found.push(setId(originOf({ row: rule.row, column: 'mode' }), { path, mode: octal(mode) }));
      }
    }
  }
  const given = attributeFinder(rules.filter((rule) => rule.folder === 'syncdirs'));
  for (const { path, mode: gitMode } of view.folder('syncdirs').entries) {
    if (gitMode === '120000' || !keyName.test(path.slice(path.lastIndexOf('/') + 1))) continue;
    const whole = `syncdirs/${path}`;
    const mode = given(whole).mode ?? (gitMode === '100755' ? 0o755 : 0o644);
    if ((mode & 0o004) === 0) continue;
    found.push(openKey({ file: whole, line: 0, column: 0 }, { path: whole, mode: octal(mode) }));
  }
  return found;
}
