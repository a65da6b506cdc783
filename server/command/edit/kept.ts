/** The text of a table while a person edits it, beside the text that it began from: so what is brought in later still knows what changed since. */
import { mkdtemp, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mergeTables } from '../../../core/edit/replace-table.ts';
import { tablePath } from '../../../core/edit/table-file.ts';
import { parseTable } from '../../../core/tables/parse.ts';
import { schemas } from '../../../core/tables/schemas.ts';
import { Failure } from '../failure.ts';

/** A directory of mode 0700 with `TABLE.csv` and, where the table had a file, `TABLE.csv.base`. */
export interface Kept {
  readonly dir: string;
  /** What the editor opens. */
  readonly file: string;
  /** The table as it was when the text was begun; undefined: there was no such file. */
  readonly base: string | undefined;
}

/** Keeps a text that is begun now. */
export async function keep(table: string, base: string | undefined, text: string): Promise<Kept> {
  const dir = await mkdtemp(join(tmpdir(), 'litehouse-tabedit-'));
  const file = join(dir, `${table}.csv`);
  try {
    if (base !== undefined) await writeFile(baseOf(file), base, { mode: 0o600 });
    await writeFile(file, text, { mode: 0o600 });
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
  return { dir, file, base };
}

/** Finds what an earlier `tabedit` kept. Throws a Failure where the directory holds no text of that table. */
export async function keptIn(place: string, table: string): Promise<Kept> {
  const dir = resolve(place);
  const file = join(dir, `${table}.csv`);
  const text = await textIn(file);
  if (text === undefined)
    throw new Failure({
      what: `${dir} keeps no text of ${table}`,
      mend: 'name the directory that tabedit said it kept your text in',
      status: 1,
    });
  return { dir, file, base: await textIn(baseOf(file)) };
}

/**
 * Joins a kept text with what others made of the table since, so that the person sees both. Where both changed one thing, the text
 * stays as it is, and so does its base: sent, it is refused with what stands against it.
 */
export async function joinWith(kept: Kept, table: string, now: string | undefined): Promise<Kept> {
  const { base, file } = kept;
  if (now === undefined || base === undefined || now === base) return kept;
  const schema = schemas.get(table);
  const mine = await readFile(file, 'utf8');
  const texts = [base, mine, now].map((text) => parseTable(table, tablePath(table), text, schema));
  const [old, wanted, there] = texts.map((parsed) => parsed.table);
  // A row that cannot be read is in no table: joined, it would be lost.
  const readable = texts.every(({ diagnostics }) => diagnostics.every(({ severity }) => severity !== 'error'));
  if (!readable || old === undefined || wanted === undefined || there === undefined) return kept;
  const merged = mergeTables(old, wanted, there, schema?.key ?? []);
  if ('conflict' in merged) return kept;
  // The text first: killed in between, what others changed stands in it twice as the same change, which is none against them.
  for (const [path, text] of [
    [file, merged.text],
    [baseOf(file), now],
  ] as const) {
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
  return { ...kept, base: now };
}

/** Removes the two texts, and the directory if nothing else is in it. */
export async function letGo({ dir, file }: Kept): Promise<void> {
  for (const path of [file, baseOf(file)]) await rm(path, { force: true });
  await rmdir(dir).catch(() => {});
}

function baseOf(file: string): string {
  return `${file}.base`;
}

async function textIn(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
