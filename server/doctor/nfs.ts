/** Step 5: the root over NFS: who serves it, whether it is exported to the node, whether the tree is there, and a mount where one can be had. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { covers, isClient, isNamed } from './exported.ts';
import type { NodeBootFacts } from './facts.ts';
import { type Finding, Findings } from './finding.ts';
import { addressText, parseAddress } from './probes.ts';
import { isHere, managementNode, nfsPort, nfsVersion, notHere, type Visit } from './visit.ts';

export async function checkNfs(visit: Visit): Promise<readonly Finding[]> {
  const found = new Findings('nfs');
  const { boot, facts } = visit;
  if (boot === undefined || boot.local) {
    found.unchecked(boot === undefined ? 'it has no boot file' : 'it starts from its own disk');
    return found.list;
  }
  const nfsroot = boot.words.get('NFSROOT') ?? '';
  const [, server, directory] = /^(\[[^\]]*\]|[^:]*):(\/.*)$/.exec(nfsroot) ?? [];
  if (server === undefined || directory === undefined) {
    found.fault(`NFSROOT=${nfsroot} is no server:/directory`, { mend: 'litehouse apply --repair' });
    return found.list;
  }
  const { host } = parseAddress(server, 0);
  const target = facts.imageServer?.address === host ? facts.imageServer.target : undefined;
  const reachable = await reach(found, visit, host, target);
  const disk = diskOf(facts, directory);
  const root = { host, directory, disk };
  await exported(found, visit, target, root);
  if (isHere(visit, target)) await tree(found, visit, disk);
  else found.unchecked(`the tree ${directory}: ${notHere(visit, target)}`);
  if (reachable) await mounted(found, visit, target, root);
  return found.list;
}

/** What a path of nodes is on the disk of the management node. */
function diskOf({ installdir, roots }: NodeBootFacts, directory: string): string {
  const below = directory === installdir || directory.startsWith(`${installdir}/`);
  return below && roots.install !== undefined ? `${roots.install}${directory.slice(installdir.length)}` : directory;
}

async function reach(found: Findings, visit: Visit, host: string, target: string | undefined): Promise<boolean> {
  const lhnfs = visit.boot?.words.get('LHNFS');
  const at = { host, port: nfsPort(lhnfs) };
  const version = nfsVersion(lhnfs);
  const reached = await visit.probes.nfs(at, version);
  const from = 'noderes.nfsserver';
  if (reached.ok) {
    found.ok(`an NFS server of version ${version} answers at ${addressText(at)}`, { from });
    return true;
  }
  if (reached.speaks !== undefined) {
    found.fault(`the NFS server at ${addressText(at)} has no version ${version}: ${reached.why}`, {
      from,
      mend:
        version === 3
          ? 'add LHNFS=vers=4.2 to linuximage.addkcmdline, or let the server speak version 3'
          : 'take vers=4 out of LHNFS',
    });
    return false;
  }
  found.fault(`no NFS server at ${addressText(at)}: ${reached.why}`, {
    from,
    mend:
      target === managementNode
        ? 'systemctl start nfs-kernel-server (or nfs-ganesha), and let TCP port 2049 through the firewall'
        : 'start the NFS server of that host, or name another in noderes.nfsserver',
  });
  return false;
}

interface Root {
  readonly host: string;
  readonly directory: string;
  readonly disk: string;
}

async function exported(found: Findings, visit: Visit, target: string | undefined, root: Root): Promise<void> {
  const { facts } = visit;
  if (target !== managementNode) {
    found.unchecked(`its exports: ${notHere(visit, target)}`);
  } else if (facts.exports.length === 0) {
    found.unchecked('its exports: litehouse writes none (plugin nfs-exports is off)');
  } else {
    for (const { file, blob, lines } of facts.exports) {
      const line = lines.find(({ path, pseudo }) => covers(path, root.disk) || covers(pseudo, root.directory));
      if (line === undefined) {
        found.fault(`${file} exports the image's directory to none of its addresses`, {
          detail: `${root.disk} to ${facts.addresses.map(({ address }) => address).join(', ')}`,
          mend: 'see that the networks table holds its address; litehouse apply writes the file',
        });
      } else found.ok(`${file} exports ${line.path} to ${line.client} (${line.mode})`);
      if (visit.house.here) await unchanged(found, visit, file, blob);
    }
  }
  await shown(found, visit, target, root);
}

/** The file as it lies on the disk, which is what the NFS server reads. */
async function unchanged(found: Findings, { facts, probes }: Visit, file: string, blob: string): Promise<void> {
  const path = join(facts.roots.exports ?? '', file);
  const onDisk = await probes.blob(path);
  const mend = `litehouse apply --repair${facts.reloads ? '' : ', then exportfs -ra'}`;
  if (onDisk === undefined) found.fault(`${path} is missing: nothing is exported by it`, { mend });
  else if (onDisk !== blob) found.fault(`${path} is not what the plan says: somebody edited it`, { mend });
}

/** Exports that hold the image's directory, each with its clients, as the server lists them; or why it cannot be asked. */
async function listed(
  { probes, boot }: Visit,
  { host, directory, disk }: Root,
): Promise<{ readonly lines: readonly { path: string; clients: readonly string[] }[] } | { readonly why: string }> {
  if (nfsPort(boot?.words.get('LHNFS')) !== 2049) {
    return { why: 'what the NFS server says: LHNFS names a port of its own, where showmount does not ask' };
  }
  const { status, out, err } = await probes.run('showmount', ['--no-headers', '-e', host]);
  if (status !== 0) {
    const why = /ENOENT/.test(err)
      ? 'showmount is not installed (apt install nfs-common)'
      : (err.trim().split('\n')[0] ?? '');
    return { why: `what the NFS server says that it exports: ${why}` };
  }
  const lines = out.split('\n').flatMap((line) => {
    const [path = '', clients = ''] = line.trim().split(/\s+/);
    return path !== '' && (covers(path, directory) || covers(path, disk))
      ? [{ path, clients: clients.split(',') }]
      : [];
  });
  return { lines };
}

/** What the server itself says that it exports. */
async function shown(found: Findings, visit: Visit, target: string | undefined, root: Root): Promise<void> {
  const { facts } = visit;
  const said = await listed(visit, root);
  if ('why' in said) return found.unchecked(said.why);
  const { lines } = said;
  const addresses = facts.addresses.map(({ address }) => address);
  const mine = lines.find(({ clients }) => clients.some((client) => isClient(client, addresses)));
  if (mine !== undefined) return found.ok(`the NFS server says that it exports ${mine.path}`);
  for (const { path, clients } of lines) {
    const named = clients.filter(isNamed);
    if (named.length === 0) continue;
    return found.unchecked(
      `whether the NFS server exports ${path} to it: that is for ${named.join(', ')}, and only the server knows whom that means`,
    );
  }
  const others =
    lines[0] === undefined ? `neither ${root.directory} nor what holds it` : `${lines[0].path}, but not to its address`;
  found.fault(`the NFS server exports ${others}`, {
    detail: addresses.join(' '),
    mend:
      target !== managementNode
        ? 'export it there'
        : facts.reloads
          ? `exportfs -ra; is ${facts.roots.exports} the directory that it reads (/etc/exports.d)?`
          : `litehouse tells no server here ("reloads": false): link ${facts.roots.exports} files into /etc/exports.d, and exportfs -ra`,
  });
}

async function tree(found: Findings, { facts }: Visit, disk: string): Promise<void> {
  const from = facts.image === undefined ? {} : { from: facts.image.from };
  const mend =
    facts.image?.kind === 'built'
      ? 'litehouse apply --repair builds it again; litehouse images shows what there is'
      : `the image is external: its tree belongs into ${disk}/rootimg`;
  const rootimg = join(disk, 'rootimg');
  if (!(await isDirectory(disk))) {
    found.fault(`the image's directory ${disk} is not there`, { ...from, mend });
    return;
  }
  if (!(await isDirectory(rootimg))) {
    found.fault(`${rootimg} is not there: the directory holds no tree`, { ...from, mend });
    return;
  }
  const bare = [];
  for (const name of ['.statelite', 'proc', 'sys', 'dev'])
    if (!(await isDirectory(join(rootimg, name)))) bare.push(`/${name}`);
  if (bare.length > 0) {
    found.fault(`${rootimg} has no ${bare.join(', ')}: the node cannot go on with it`, {
      ...from,
      mend:
        facts.image?.kind === 'built'
          ? mend
          : `mkdir -p ${bare.map((name) => rootimg + name).join(' ')}, or prepare it: litehouse liteimg`,
    });
    return;
  }
  found.ok(`the tree ${rootimg} is there`, from);
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** The options of the node's own initrd, which has no mount helper either; and short patience, for a hard mount hangs for ever. */
export function mountOptionsOf(host: string, lhnfs: string | undefined): string {
  const tcp = host.includes(':') ? 'tcp6' : 'tcp';
  const more = lhnfs === undefined || lhnfs === '' ? [] : [lhnfs];
  const soft = ['soft', 'timeo=15', 'retrans=1'];
  return nfsVersion(lhnfs) === 4
    ? ['ro', ...more, ...soft, `proto=${tcp}`, `addr=${host}`].join(',')
    : [
        ...['ro', 'vers=3', 'nolock', 'noacl', `proto=${tcp}`, `mountproto=${tcp}`, ...more, ...soft],
        ...[`addr=${host}`, `mountaddr=${host}`],
      ].join(',');
}

async function mounted(found: Findings, visit: Visit, target: string | undefined, root: Root): Promise<void> {
  const { probes, options, boot } = visit;
  const { host, directory } = root;
  const what = `mounting ${directory}/rootimg`;
  const cannot = options.mount ? await probes.cannotMount() : '--no-mount';
  if (cannot !== undefined) return found.unchecked(`${what}: ${cannot}`);
  const server = host.includes(':') ? `[${host}]` : host;
  const lhnfs = boot?.words.get('LHNFS');
  const { out, err, status } = await probes.mount(`${server}:${directory}/rootimg`, mountOptionsOf(host, lhnfs));
  if (out.includes('mounted')) return found.ok(`${what}, read-only, from here`);
  const why = err.trim().split('\n').at(-1) ?? '';
  // This machine need not be one of its clients. To a host that is none, version 4 shows no such directory.
  const hidden = nfsVersion(lhnfs) === 4 && /no such file|special device .* does not exist/i.test(err);
  if (/denied|not permitted/i.test(err) || (hidden && !(await isLetIn(visit, target, root)))) {
    return found.unchecked(`${what}: the server does not let this machine in (${why}); nodes may fare better`);
  }
  found.fault(status === 1 && err === '' ? `${what}: it has no /.statelite` : `${what} fails: ${why}`, {
    mend: 'try it by hand: mount -t nfs -o ro,vers=3,nolock SERVER:DIRECTORY /mnt; the log of the NFS server says more',
  });
}

/** Whether an export, by the server's own list or by the file that litehouse writes for it, is for an address of this machine. */
async function isLetIn(visit: Visit, target: string | undefined, root: Root): Promise<boolean> {
  const said = await listed(visit, root);
  const clients = 'why' in said ? [] : said.lines.flatMap((line) => line.clients);
  if (target === managementNode) {
    for (const { path, pseudo, client } of visit.facts.exports.flatMap(({ lines }) => lines))
      if (covers(path, root.disk) || covers(pseudo, root.directory)) clients.push(client);
  }
  const own = visit.probes.addresses();
  return clients.some((client) => isClient(client, own));
}
