/** Writes a newc cpio archive: what the kernel unpacks as its first root. Same entries, same bytes. */

export type CpioEntry =
  | { readonly path: string; readonly type: 'directory'; readonly mode?: number }
  | { readonly path: string; readonly type: 'file'; readonly mode?: number; readonly data: Buffer }
  | { readonly path: string; readonly type: 'link'; readonly to: string }
  | {
      readonly path: string;
      readonly type: 'character';
      readonly mode?: number;
      readonly major: number;
      readonly minor: number;
    };

const kinds = { directory: 0o040000, file: 0o100000, link: 0o120000, character: 0o020000 } as const;

/** All entries belong to root and have no time, so that nothing but their content shapes the archive. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const [i, entry] of entries.entries()) {
    const data =
      entry.type === 'file' ? entry.data : entry.type === 'link' ? Buffer.from(entry.to, 'utf8') : Buffer.alloc(0);
    const mode =
      kinds[entry.type] | (entry.type === 'link' ? 0o777 : (entry.mode ?? (entry.type === 'file' ? 0o644 : 0o755)));
    const device = entry.type === 'character' ? ([entry.major, entry.minor] as const) : ([0, 0] as const);
    parts.push(...record(entry.path, i + 1, mode, entry.type === 'directory' ? 2 : 1, data, device));
  }
  parts.push(...record('TRAILER!!!', 0, 0, 1, Buffer.alloc(0), [0, 0]));
  const archive = Buffer.concat(parts);
  // As cpio does: whole blocks.
  return Buffer.concat([archive, Buffer.alloc(padding(archive.length, 512))]);
}

function record(
  path: string,
  inode: number,
  mode: number,
  links: number,
  data: Buffer,
  [major, minor]: readonly [number, number],
): Buffer[] {
  const name = Buffer.from(`${path}\0`, 'utf8');
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, major, minor, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).toUpperCase().padStart(8, '0')).join('')}`;
  return [
    Buffer.from(header, 'latin1'),
    name,
    Buffer.alloc(padding(header.length + name.length, 4)),
    data,
    Buffer.alloc(padding(data.length, 4)),
  ];
}

function padding(length: number, block: number): number {
  return (block - (length % block)) % block;
}
