/** NFS mount options: what cannot be, what contradicts what it is for, and words that nfs(5) does not have. */
import { badMountOptions, doubtfulMountOption } from '../diagnostic/catalogue/lite.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { requiredWord } from '../resolve/mounts.ts';
import type { View } from '../resolve/view.ts';
import { nearest } from '../tables/nearest.ts';

/** What the options are for: a shared overlay, a node's state, the root image. */
type Purpose = 'tree' | 'state' | 'root';

const columns: readonly { readonly table: string; readonly column: string; readonly purpose: Purpose }[] = [
  { table: 'litetree', column: 'mntopts', purpose: 'tree' },
  { table: 'statelite', column: 'mntopts', purpose: 'state' },
  { table: 'osimage', column: 'nfsrootopts', purpose: 'root' },
];

/** nfs(5) and mount(8), by name; `=` takes a value, `#` a number. */
const known = new Map(
  `ro rw suid nosuid dev nodev exec noexec sync async atime noatime diratime nodiratime relatime norelatime strictatime
  defaults _netdev nofail auto noauto user nouser soft softerr softreval nosoftreval hard intr nointr ac noac bg fg
  sharecache nosharecache resvport noresvport rdirplus nordirplus fsc nofsc tcp udp rdma lock nolock cto nocto acl noacl
  posix noposix migration nomigration trunkdiscovery notrunkdiscovery
  timeo# retrans# rsize# wsize# acregmin# acregmax# acdirmin# acdirmax# actimeo# nconnect# max_connect# retry# port#
  mountport# namlen# minorversion#
  nfsvers= vers= sec= lookupcache= proto= mountproto= mounthost= mountvers= clientaddr= local_lock= xprtsec= fsc= addr=
  mountaddr= context= fscontext=`
    .split(/\s+/)
    .map((word) => [word.replace(/[=#]$/, ''), word] as const),
);

/** Words of which one excludes the others. */
const contradictions: readonly (readonly string[])[] = [
  ['ro', 'rw'],
  ['hard', 'soft', 'softerr'],
  ['tcp', 'udp', 'rdma'],
  ['lock', 'nolock'],
  ['ac', 'noac'],
  ['bg', 'fg'],
  ['cto', 'nocto'],
  ['acl', 'noacl'],
  ['sync', 'async'],
  ['intr', 'nointr'],
  ['rdirplus', 'nordirplus'],
  ['sharecache', 'nosharecache'],
  ['resvport', 'noresvport'],
];

/** What a word would do to a mount of that purpose. */
const harm: Readonly<Record<Purpose, Readonly<Record<string, string>>>> = {
  tree: {
    rw: 'a tree is shared: with rw one node could change what all others read',
    defaults: 'defaults includes rw, and a tree is shared and mounted read-only',
  },
  state: {
    ro: 'the state directory is where nodes write',
    bg: 'with bg the node would go on without its state, and write beside it',
  },
  root: {
    rw: 'the root image is shared and mounted read-only',
    defaults: 'defaults includes rw, and the root image is mounted read-only',
    bg: 'the root cannot be mounted in the background',
  },
};

/** Why a text cannot be a list of mount options; undefined: it can. */
export function mountOptionsFault(text: string, purpose: Purpose): string | undefined {
  if (/\s/.test(text)) return 'it has a blank, which ends the list';
  const items = text.split(',');
  if (items.includes('')) return 'it has an empty item';
  const values = new Map<string, string>();
  for (const item of items) {
    const equals = item.indexOf('=');
    const name = canonical(equals === -1 ? item : item.slice(0, equals));
    const value = equals === -1 ? '' : item.slice(equals + 1);
    const form = known.get(name);
    if (form?.endsWith('#') && !/^\d+$/.test(value)) return `${name} needs a number`;
    if (form?.endsWith('=') && value === '' && name !== 'fsc') return `${name} needs a value`;
    const before = values.get(name);
    if (before !== undefined && before !== value) return `${name} has two values, ${before} and ${value}`;
    values.set(name, value);
    if (Object.hasOwn(harm[purpose], name)) return harm[purpose][name];
  }
  const proto = values.get('proto');
  if (proto !== undefined) values.set(proto.replace(/6$/, ''), '');
  for (const words of contradictions) {
    const [one, other] = words.filter((word) => values.has(word));
    if (one !== undefined && other !== undefined) return `${one} and ${other} contradict each other`;
  }
  const version = values.get('vers');
  if (version !== undefined && !/^([23]|4(\.[0-2])?)$/.test(version)) return `there is no NFS version ${version}`;
  if (version?.startsWith('4') && values.has('udp')) return 'NFS version 4 does not run over udp';
  return undefined;
}

/** The two spellings of the version are one option. */
function canonical(name: string): string {
  return name === 'nfsvers' ? 'vers' : name;
}

/** Checks each cell once; a text that many rows share is one diagnostic a row. */
export function checkMountOptions(view: View): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const { table: name, column, purpose } of columns) {
    const table = view.tables.get(name);
    for (const row of table?.rows ?? []) {
      const text = table?.value(row, column);
      if (table === undefined || text === undefined) continue;
      const at = table.at(row, column);
      const why = mountOptionsFault(text, purpose);
      if (why !== undefined) found.push(badMountOptions(at, { text, why }));
      else for (const doubt of doubts(text, purpose)) found.push(doubtfulMountOption(at, doubt));
      if (purpose === 'tree' && table.value(row, 'directory')?.startsWith('/') === true) {
        const why = 'is for a mount, but the directory names no server: it is looked up in the image itself';
        found.push(doubtfulMountOption(at, { option: text, why, nearest: undefined }));
      }
    }
  }
  return found;
}

function doubts(text: string, purpose: Purpose): { option: string; why: string; nearest: string | undefined }[] {
  const found: { option: string; why: string; nearest: string | undefined }[] = [];
  for (const option of text.split(',')) {
    const [name = '', value] = option.split('=');
    const form = known.get(name);
    if (purpose === 'tree' && option === requiredWord) continue;
    if (form === undefined || (form === name && value !== undefined && name !== 'fsc')) {
      const why = form === undefined ? 'is no mount option that nfs(5) names' : 'takes no value';
      found.push({ option, why, nearest: form === undefined ? nearest(name, known.keys()) : undefined });
    } else if (name === 'sec' && value !== 'sys' && value !== 'none') {
      found.push({ option, why: 'needs a ticket, and an initrd has none', nearest: undefined });
    }
  }
  return found;
}
