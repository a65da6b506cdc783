/** Makes the entries of a world; an entry's digest covers all that is compared with what is in place. */
import type { DirectoryEntry, FileEntryOf, HardLinkEntry, LinkEntry } from './world.ts';

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

export function fileEntry(of: Omit<FileEntryOf, 'kind' | 'digest'>): FileEntryOf {
  return { ...of, kind: 'file', digest: `file ${octal(of.mode)} ${of.uid}:${of.gid} ${of.blob}` };
}

export function directoryEntry(
  of: Omit<DirectoryEntry, 'kind' | 'digest' | 'implied'> & { implied?: boolean },
): DirectoryEntry {
  return {
    ...of,
    kind: 'directory',
    implied: of.implied ?? false,
    digest: `directory ${octal(of.mode)} ${of.uid}:${of.gid}`,
  };
}

export function linkEntry(of: Omit<LinkEntry, 'kind' | 'digest'>): LinkEntry {
  return { ...of, kind: 'link', digest: `link ${of.to}` };
}

export function hardLinkEntry(
  of: Omit<HardLinkEntry, 'kind' | 'digest'>,
  file: FileEntryOf | undefined,
): HardLinkEntry {
  return { ...of, kind: 'hardlink', digest: `hardlink ${of.to} ${file?.digest ?? 'missing'}` };
}
