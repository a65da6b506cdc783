/** Backup and restore of the little that is not in git: settings, tokens, secrets, and what the engine remembers. One tar file. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { copyStore } from '../core/apply/store-copy.ts';
import { syncDirectory } from '../core/import/secrets-file.ts';
import { Failure, mendOf } from './command/failure.ts';
import { type Settings, settingsFileName } from './settings.ts';

type Place = Pick<Settings, 'dir' | 'state'>;

interface Kept {
  readonly name: string;
  readonly mode: number;
  readonly at: (place: Place) => string;
  /** An LMDB file: copied as one transaction left it. */
  readonly store?: true;
}

/** What is kept, in the order in which it is put back. */
const kept: readonly Kept[] = [
  { name: 'secrets.json', mode: 0o600, at: ({ state }) => join(state, 'secrets.json') },
  { name: 'tokens.json', mode: 0o600, at: ({ state }) => join(state, 'tokens.json') },
  { name: settingsFileName, mode: 0o644, at: ({ dir }) => join(dir, settingsFileName) },
  { name: 'reports.mdb', mode: 0o600, at: ({ state }) => join(state, 'reports', 'data.mdb'), store: true },
  { name: 'engine.mdb', mode: 0o600, at: ({ state }) => join(state, 'lmdb', 'data.mdb'), store: true },
];

const manifestSchema = z.strictObject({
  litehouse: z.string(),
  format: z.literal(1),
  made: z.string(),
  files: z.record(z.string(), z.strictObject({ sha256: z.string(), bytes: z.int() })),
});
export type BackupManifest = z.infer<typeof manifestSchema>;

/**
 * Writes a backup; a server may run meanwhile, what it remembers is copied as one transaction left it. The file has tokens'
 * hashes and secrets: mode 0600 from its first instant. It appears whole or not at all, and never over another without `force`.
 */
export async function writeBackup(
  place: Place,
  file: string,
  options: { readonly force: boolean; readonly version: string },
): Promise<BackupManifest> {
  if (!options.force && (await exists(file))) throw alreadyThere(file);
  if (!(await exists(place.state))) {
    throw new Failure({ what: `${place.dir} is no server directory`, mend: 'name one with --dir or LITEHOUSE_DIR' });
  }
  return staged(place.state, async (stage) => {
    const files: Record<string, { sha256: string; bytes: number }> = {};
    for (const { name, at, store } of kept) {
      const source = at(place);
      if (!(await exists(source))) continue;
      if (store === true) await copyInto(dirname(source), join(stage, name));
      else await writeFile(join(stage, name), await readFile(source));
      files[name] = await digestOf(join(stage, name));
    }
    const manifest: BackupManifest = {
      litehouse: options.version,
      format: 1,
      made: new Date().toISOString(),
      files,
    };
    await writeFile(join(stage, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
    await writeTar(stage, [manifestName, ...Object.keys(files)], file, options.force);
    return manifest;
  });
}

/**
 * Puts a backup back. The caller has the directory's lock. Everything is unpacked and compared with its digests first; then
 * each file appears by rename. A kill in between leaves some old, some new files, all whole: restore again.
 */
export async function restoreBackup(
  place: Place,
  file: string,
  options: { readonly force: boolean },
): Promise<BackupManifest> {
  if (!(await exists(file)))
    throw new Failure({ what: `there is no ${file}`, mend: 'name a file that litehouse backup wrote' });
  if (!options.force) {
    for (const { at } of kept) if (await exists(at(place))) throw alreadyThere(at(place));
  }
  return staged(place.state, async (stage) => {
    const manifest = await unpack(file, stage);
    const owner = await stat(place.dir);
    for (const { name, mode, at, store } of kept) {
      if (manifest.files[name] === undefined) continue;
      const from = join(stage, name);
      await chmod(from, mode);
      // Restored by root for a server that runs as another user: whoever owns the directory has to read it.
      if (process.getuid?.() === 0) await chown(from, owner.uid, owner.gid);
      const target = at(place);
      await mkdir(dirname(target), { recursive: true, ...(store === true ? { mode: 0o700 } : {}) });
      if (process.getuid?.() === 0) await chown(dirname(target), owner.uid, owner.gid);
      await sync(from);
      // Readers of another store than the one that it describes.
      if (store === true) await rm(join(dirname(target), 'lock.mdb'), { force: true });
      await rename(from, target);
      await syncDirectory(dirname(target));
    }
    return manifest;
  });
}

const manifestName = 'manifest.json';

/** The copy is made as `data.mdb` of a directory of its own. */
async function copyInto(from: string, to: string): Promise<void> {
  const aside = `${to}.d`;
  await mkdir(aside);
  await copyStore(from, aside);
  await rename(join(aside, 'data.mdb'), to);
}

async function unpack(file: string, stage: string): Promise<BackupManifest> {
  const damaged = (why: string): Failure =>
    new Failure({ what: `${file} is no whole backup`, why, mend: 'take another copy of it, or an earlier backup' });
  const extract = async (names: readonly string[]): Promise<void> => {
    const args = ['--extract', '--no-same-owner', '--file', '-', '--directory', stage, '--', ...names];
    const input = await open(file, 'r');
    try {
      await tar(args, input.fd, 'ignore').catch((error: Error) => Promise.reject(damaged(error.message)));
    } finally {
      await input.close();
    }
  };
  await extract([manifestName]);
  const manifest = manifestSchema.safeParse(safeJson(await readPlain(join(stage, manifestName))));
  if (!manifest.success) throw damaged('its manifest cannot be read, or is of a later litehouse');
  const names = Object.keys(manifest.data.files);
  const strange = names.find((name) => !kept.some((known) => known.name === name));
  if (strange !== undefined) throw damaged(`it holds ${JSON.stringify(strange)}, which no backup has`);
  if (names.length > 0) await extract(names);
  for (const name of names) {
    const found = (await isPlain(join(stage, name))) ? await digestOf(join(stage, name)) : undefined;
    if (found?.sha256 !== manifest.data.files[name]?.sha256) throw damaged(`${name} is not as it was when it was made`);
  }
  return manifest.data;
}

/** Writes beside the file and renames, so that a full disk leaves nothing under its name. */
async function writeTar(stage: string, names: readonly string[], file: string, force: boolean): Promise<void> {
  const aside = `${file}.${process.pid}.part`;
  const output = await open(aside, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw notWritable(file, error);
  });
  try {
    try {
      const args = ['--create', '--owner=0', '--group=0', '--numeric-owner', '--file', '-', '--directory', stage];
      await tar([...args, '--', ...names], 'ignore', output.fd);
      await output.sync();
    } finally {
      await output.close();
    }
    if (force) await rename(aside, file);
    else {
      // Unlike a rename, a link never takes the place of what came meanwhile.
      await link(aside, file).catch((error: NodeJS.ErrnoException) =>
        Promise.reject(error.code === 'EEXIST' ? alreadyThere(file) : error),
      );
    }
    await syncDirectory(dirname(file));
  } finally {
    await unlink(aside).catch(() => {});
  }
}

/** Gives `work` a directory that only this user may open, and removes it. */
async function staged<T>(state: string, work: (stage: string) => Promise<T>): Promise<T> {
  await mkdir(state, { recursive: true });
  const stage = await mkdtemp(join(state, 'backup-'));
  try {
    return await work(stage);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

function tar(args: readonly string[], input: number | 'ignore', output: number | 'ignore'): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('tar', args, { stdio: [input, output, 'pipe'] });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-500);
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(said.trim().split('\n')[0] || `tar ended with ${code}`)),
    );
  });
}

async function digestOf(path: string): Promise<{ sha256: string; bytes: number }> {
  const bytes = await readFile(path);
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readPlain(path: string): Promise<string> {
  return (await isPlain(path)) ? readFile(path, 'utf8') : '';
}

async function isPlain(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() === true;
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

function notWritable(file: string, error: NodeJS.ErrnoException): Failure {
  const missing = error.code === 'ENOENT' || error.code === 'ENOTDIR';
  return new Failure({
    what: missing ? `there is no directory ${dirname(file)}` : `${file} cannot be written`,
    why: missing ? undefined : error.message,
    mend: missing ? 'make it, or choose another file' : (mendOf(error) ?? 'choose another file'),
  });
}

function alreadyThere(file: string): Failure {
  return new Failure({ what: `${file} is there already`, mend: 'choose another, or replace it with --force' });
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
