/** Makes the entries of a world; an entry's digest covers all that is compared with what is in place. */
import type { DirectoryEntry, FileEntryOf, HardLinkEntry, LinkEntry } from './world.ts';

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

// Written out member by member: hundreds of thousands are made at once, and a spread costs several times as much.
export function fileEntry(of: Omit<FileEntryOf, 'kind' | 'digest'>): FileEntryOf {
  const { root, path, plugin, node, lifetime, content, blob, mode, uid, gid } = of;
  const digest = `file ${octal(mode)} ${uid}:${gid} ${blob}`;
  return { kind: 'file', root, path, plugin, node, lifetime, content, blob, mode, uid, gid, digest };
}

export function directoryEntry(
  of: Omit<DirectoryEntry, 'kind' | 'digest' | 'implied'> & { implied?: boolean },
): DirectoryEntry {
  const { root, path, plugin, node, lifetime, mode, uid, gid, implied = false } = of;
  const digest = `directory ${octal(mode)} ${uid}:${gid}`;
  return { kind: 'directory', root, path, plugin, node, lifetime, mode, uid, gid, implied, digest };
}

export function linkEntry(of: Omit<LinkEntry, 'kind' | 'digest'>): LinkEntry {
  const { root, path, plugin, node, lifetime, to } = of;
  return { kind: 'link', root, path, plugin, node, lifetime, to, digest: `link ${to}` };
}

export function hardLinkEntry(
  of: Omit<HardLinkEntry, 'kind' | 'digest'>,
  file: FileEntryOf | undefined,
): HardLinkEntry {
  return { ...of, kind: 'hardlink', digest: `hardlink ${of.to} ${file?.digest ?? 'missing'}` };
}
