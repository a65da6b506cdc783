/** The two spellings of an export: exports(5) of the kernel's server, and an EXPORT block of nfs-ganesha. */
import { createHash } from 'node:crypto';
import type { Line } from './lines.ts';

/** How a form writes its file; a line and its items are parts, which the engine joins with blanks. */
export interface Form {
  /** File below the root `exports`. */
  readonly file: string;
  readonly header: readonly string[];
  readonly reload: { readonly name: string; readonly command: readonly [string, ...string[]] };
  line(line: Line): string;
  /** What the line needs so that this client may mount it; the same items for every node with that client. */
  items(line: Line, client: string): readonly string[];
  /** The whole line that opens a directory read-only to everybody. */
  widest(line: Line): string;
}

const written = [
  '# Written by litehouse from its config repository; edits made here are lost at the next apply.',
  '# Change the tables noderes, networks, litetree and statelite there instead.',
];

// no_root_squash for all: a node's init is root, and so is everything that reads the image (files of mode 0600 in the
// rootimg, host keys in an overlay) or creates and chowns the node's own state. Squashed, root would be nobody there.
const readOnly = '(ro,no_root_squash,sync,no_subtree_check)';
const readWrite = '(rw,sync,no_root_squash,no_subtree_check)';

/** Every `*.exports` below /etc/exports.d is read by exportfs. Paths are those of the disk. */
export const kernelForm: Form = {
  file: 'litehouse.exports',
  header: written,
  reload: { name: 'exportfs', command: ['exportfs', '-ra'] },
  line: ({ disk }) => exportPath(disk),
  items: ({ of }, client) => [`${client}${of === 'state' ? readWrite : readOnly}`],
  // As the cookbook prints it (2.1), to the letter.
  widest: ({ disk }) => `${exportPath(disk)} *(ro,no_root_squash,sync)`,
};

/**
 * One block a line. Nodes ask for the pseudo path, ganesha opens the path. A block has to be closed after its last client, and
 * items are sorted: the brace comes after every letter.
 */
export function ganeshaForm(ids: Readonly<Record<string, number>>): Form {
  const head = ({ path, disk }: Line): string =>
    `EXPORT { Export_Id = ${exportId(path, ids)}; Path = ${quoted(disk)}; Pseudo = ${quoted(path)}; Access_Type = None; ` +
    'Squash = No_Root_Squash; Protocols = 3, 4; Transports = TCP; SecType = sys; FSAL { Name = VFS; }';
  return {
    file: 'litehouse.ganesha.conf',
    header: [
      ...written,
      '# ganesha.conf has to say NFS_CORE_PARAM { Mount_Path_Pseudo = true; }, or NFSv3 asks for paths of this disk,',
      '# and %include this file.',
    ],
    reload: { name: 'ganesha', command: ['systemctl', 'reload', 'nfs-ganesha'] },
    line: head,
    items: ({ of }, client) => [
      `CLIENT { Clients = ${withLength(client)}; Access_Type = ${of === 'state' ? 'RW' : 'RO'}; }`,
      '}',
    ],
    widest: (line) => `${head(line)} CLIENT { Clients = *; Access_Type = RO; } }`,
  };
}

/**
 * Gives a path as exports(5) reads it: blanks and the characters with a meaning there as a backslash and three octal digits.
 * @example exportPath('/srv/a b') // '/srv/a\\040b'
 */
export function exportPath(path: string): string {
  return path.replace(/[\s"#\\]/g, (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/**
 * In single quotes ganesha takes every sign but those as it is; in double quotes a backslash stands before `"` and itself, which
 * its reader gets wrong where one stands before the closing quote (see isWritable).
 */
function quoted(path: string): string {
  return path.includes("'") ? `"${path.replace(/["\\]/g, '\\$&')}"` : `'${path}'`;
}

/** Whether a path can be written in ganesha's configuration at all: a mistake in one block takes all of them out of service. */
export function isWritable(path: string): boolean {
  return !(path.includes("'") && path.includes('\\'));
}

/** ganesha takes a network by its length only: 10.0.0.0/16, where exports(5) also has 10.0.0.0/255.255.0.0. */
function withLength(client: string): string {
  const [address, mask] = client.split('/');
  if (mask?.includes('.') !== true) return client;
  const ones = mask.split('.').reduce((sum, part) => sum + Math.clz32(~Number(part) & 255) - 24, 0);
  return `${address}/${ones}`;
}

/**
 * The number that ganesha puts into every file handle of an export, 1 to 65535: of the path alone, so that no other directory
 * that comes or goes changes it under a running node. Two paths may meet in one number; the check says so (LH816).
 */
export function exportId(path: string, ids: Readonly<Record<string, number>>): number {
  const own = Object.hasOwn(ids, path) ? ids[path] : undefined;
  return own ?? (createHash('sha256').update(path).digest().readUInt32BE() % 65_535) + 1;
}
