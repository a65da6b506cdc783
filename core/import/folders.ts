/** Reads the tables of a dump or a working copy, and writes tables into one: each by rename, none half written. */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DumpFile, ImportedTable } from './plan.ts';
import { syncDirectory } from './secrets-file.ts';

const tableFile = /^[^./][^/]*\.csv$/;
/** Files that an import has not renamed yet; those of an import that was killed are removed by the next. */
const aside = /^\.[^/]+\.csv\.import$/;

/**
 * The `*.csv` files of a directory, and the names of everything else in it. A missing directory has none. `links`: names of tables
 * that are symbolic links; with `follow` their files are read as well (in a working copy, to be compared and then replaced), without
 * it never: a dump made by somebody else must not bring in what only this user may read.
 */
export async function readTableFiles(
  dir: string,
  options: { readonly follow?: boolean } = {},
): Promise<{ readonly files: DumpFile[]; readonly others: string[]; readonly links: string[] }> {
  const files: DumpFile[] = [];
  const links: string[] = [];
  const others: string[] = [];
  const found = await readdir(dir, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const entry of found) {
    const isTable = tableFile.test(entry.name);
    if (isTable && entry.isSymbolicLink()) links.push(entry.name);
    const regular = entry.isSymbolicLink()
      ? options.follow === true && (await stat(join(dir, entry.name)).catch(() => undefined))?.isFile() === true
      : entry.isFile();
    if (isTable && regular)
      files.push({ name: entry.name, bytes: await readPlain(join(dir, entry.name), options.follow) });
    else if (!aside.test(entry.name)) others.push(entry.name);
  }
  return { files, others: others.sort(), links: links.sort() };
}

/** Also a link that took the place of a file meanwhile is not followed. */
async function readPlain(path: string, follow = false): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | (follow ? 0 : constants.O_NOFOLLOW));
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Writes tables into `tables/` of a working copy. All are on the disk beside their places before the first is renamed. */
export async function writeTables(repository: string, tables: readonly ImportedTable[]): Promise<void> {
  const dir = join(repository, 'tables');
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) if (aside.test(name)) await rm(join(dir, name), { force: true });
  const waiting: { readonly from: string; readonly to: string }[] = [];
  try {
    for (const { name, bytes } of tables) {
      const from = join(dir, `.${name}.csv.import`);
      waiting.push({ from, to: join(dir, `${name}.csv`) });
      const handle = await open(from, 'wx', 0o666);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    for (const { from, to } of waiting) await rename(from, to);
  } catch (error) {
    for (const { from } of waiting) await rm(from, { force: true });
    throw error;
  }
  await syncDirectory(dir);
}
