/** Step 6: the directories that the node mounts beside its root: litetree's overlays and its own state. */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { covers } from './exported.ts';
import { type Finding, Findings } from './finding.ts';
import { addressText } from './probes.ts';
import { isHere, nfsPort, nfsVersion, notHere, type Visit } from './visit.ts';

type Mount = Pick<
  NonNullable<Visit['facts']['statemnt']>,
  'server' | 'address' | 'path' | 'options' | 'target' | 'from'
>;

/** Less room than this on the state's filesystem: a persistent file can't be made, and the node waits for ever. */
const leastBytes = 1024 * 1024;

export async function checkDirectories(visit: Visit): Promise<readonly Finding[]> {
  const found = new Findings('directories');
  if (visit.boot === undefined || visit.boot.local) {
    found.unchecked(visit.boot === undefined ? 'it has no boot file' : 'it starts from its own disk');
    return found.list;
  }
  for (const tree of visit.facts.trees) await overlay(found, visit, tree);
  await state(found, visit);
  if (found.list.length === 0) found.ok('it mounts none beside its root');
  return found.list;
}

async function overlay(found: Findings, visit: Visit, tree: Visit['facts']['trees'][number]): Promise<void> {
  const { ours, present, path, from, options } = tree;
  const name = mountText(tree);
  if (ours && !present) {
    found.ok('a litetree row without a directory for it: not mounted', { detail: name, from });
    return;
  }
  const required = ours || options?.split(',').includes('required') === true;
  if (isHere(visit, tree.target)) {
    const root = visit.facts.roots.syncdirs;
    const disk = ours && root !== undefined ? join(root, path.replace(/^\/syncdirs(?=\/|$)/, '')) : path;
    if ((await stat(disk).catch(() => undefined))?.isDirectory() === true)
      found.ok('its overlay is there', { detail: name, from });
    else {
      found[required ? 'fault' : 'warning']('its overlay is not on the disk', {
        ...{ detail: `${name}, here ${disk}`, from },
        mend: ours ? 'litehouse apply --repair' : 'make it, or take the litetree row away',
      });
    }
    if (ours) exportedTree(found, visit, { disk, path, from });
    return;
  }
  await reach(found, visit, tree, { what: 'overlay', required });
}

async function state(found: Findings, visit: Visit): Promise<void> {
  const { statemnt, persistent, roots, node } = visit.facts;
  if (statemnt === undefined) {
    if (persistent > 0) {
      found.fault(`${persistent} persistent entries, and no row of statelite says where its state is kept`, {
        from: 'tables/statelite.csv',
        mend: 'litehouse chtab node=NODE statelite.statemnt=SERVER:/DIRECTORY',
      });
    } else found.ok('it keeps no state: nothing of it is persistent');
    return;
  }
  const { from, path } = statemnt;
  const name = mountText(statemnt);
  if (!isHere(visit, statemnt.target)) {
    await reach(found, visit, statemnt, { what: 'state', required: persistent > 0 });
    found.unchecked(`the state directory: ${notHere(visit, statemnt.target)}`, { detail: `${name}/${node}`, from });
    return;
  }
  const parent = join(roots.state ?? '/', path);
  const own = join(parent, node);
  if ((await stat(parent).catch(() => undefined))?.isDirectory() !== true) {
    found.fault('its state directory is missing, and what holds it', {
      ...{ detail: own, from },
      mend: `litehouse apply --repair makes ${parent}; is a filesystem not mounted?`,
    });
    return;
  }
  exportedState(found, visit, parent, path);
  const stats = await stat(own).catch(() => undefined);
  if (stats === undefined) {
    found.warning('its state directory is missing: it tries to make it as it boots', {
      ...{ detail: own, from },
      mend: 'litehouse apply --repair makes it; if it was there before, its persistent files are gone: look at the backup',
    });
    return;
  }
  if (!stats.isDirectory()) {
    found.fault('its state directory is no directory', {
      detail: own,
      from,
      mend: 'move that file away; litehouse apply --repair',
    });
    return;
  }
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
  const owned = `${own}, owner ${stats.uid}:${stats.gid}, mode ${mode}`;
  if ((stats.mode & 0o700) !== 0o700) {
    found.warning('the owner of its state directory may not write into it', {
      detail: owned,
      from,
      mend: `chmod u+rwx ${own}`,
    });
  } else found.ok('its state directory is there', { detail: owned, from });
  if (
    process.getuid?.() === 0 &&
    !(await access(own, constants.W_OK).then(
      () => true,
      () => false,
    ))
  )
    found.fault('its state directory is on a filesystem that is read-only', {
      detail: own,
      mend: 'dmesg says why; mount -o remount,rw',
    });
  const room = await statfs(own).catch(() => undefined);
  if (room !== undefined && room.bsize > 0 && room.bavail * room.bsize < leastBytes)
    found.fault('the filesystem of its state is full: persistent files cannot be made', {
      detail: own,
      mend: `df -h ${own}`,
    });
}

/** Said only where something is wrong: all overlays of a server are one export. */
function exportedTree(
  found: Findings,
  { facts }: Visit,
  { disk, path, from }: { readonly disk: string; readonly path: string; readonly from: string },
): void {
  for (const { file, lines } of facts.exports) {
    if (lines.some((line) => covers(line.path, disk) || covers(line.pseudo, path))) continue;
    found.fault(`${file} exports its overlay to none of its addresses`, {
      ...{ detail: disk, from },
      mend: 'see that the networks table holds its address; litehouse apply writes the file',
    });
  }
}

/** Of the state, the file has to say read and write. */
function exportedState(found: Findings, { facts }: Visit, disk: string, path: string): void {
  for (const { file, lines } of facts.exports) {
    const holds = lines.filter((line) => line.path === disk || line.pseudo === path);
    if (holds.some(({ mode }) => mode === 'rw'))
      found.ok(`${file} exports the state directory to it (rw)`, { detail: disk });
    else {
      found.fault(`${file} does not export the state directory to it`, {
        detail: disk,
        mend: 'litehouse apply writes the file; litehouse plan shows what it should hold',
      });
    }
  }
}

async function reach(
  found: Findings,
  visit: Visit,
  mount: Mount,
  { what, required }: { readonly what: string; readonly required: boolean },
): Promise<void> {
  const { address, server, from } = mount;
  const name = mountText(mount);
  if (server === undefined && address === undefined) {
    found.ok(`its ${what} is on the image itself`, { detail: name, from });
    return;
  }
  const host = address ?? server ?? '';
  if (address === undefined && !(await visit.probes.resolves(host))) {
    found[required ? 'fault' : 'warning'](`nobody knows the address of ${host}, which has its ${what}`, {
      ...{ detail: name, from },
      mend: 'give it a row in tables/hosts.csv: an initrd resolves no names',
    });
    return;
  }
  const given = [mount.options, visit.boot?.words.get('LHNFS')];
  const at = { host, port: nfsPort(...given) };
  const reached = await visit.probes.nfs(at, nfsVersion(...given));
  if (reached.ok) {
    found.ok(`the NFS server of its ${what} answers at ${addressText(at)}; the directory on it is not looked at`, {
      ...{ detail: name, from },
    });
    return;
  }
  const then = required ? 'it waits for it' : 'it goes on without it after five tries';
  found[required ? 'fault' : 'warning'](
    `no NFS server at ${addressText(at)}, which has its ${what}: ${reached.why}; ${then}`,
    {
      ...{ detail: name, from },
      mend: 'start it, or change the row',
    },
  );
}

function mountText({ server, path }: Mount): string {
  return server === undefined ? path : `${server}:${path}`;
}
