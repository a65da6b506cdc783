/** A small transactional key-value store for runtime state that git does not hold: journal, failures, check-ins. */
import { chmodSync, closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { type Database, open } from 'lmdb';

/** One put (`value` given) or removal (`value` undefined) in a named database. Values are plain JSON data. */
export interface StoreChange {
  readonly db: string;
  readonly key: string;
  readonly value?: unknown;
}

export interface Store {
  /** The value of a key; undefined where there is none. Callers parse it: what is stored may be of an older version. */
  get(db: string, key: string): unknown;
  /** All changes or none, across databases. Resolves when readers see them; await `flushed` for the disk. */
  batch(changes: readonly StoreChange[]): Promise<void>;
  /** Entries whose key begins with `prefix`, in key order. */
  range(db: string, prefix?: string): Iterable<{ readonly key: string; readonly value: unknown }>;
  /** Resolves when every batch so far would survive a power cut. Rejects where the last one failed. */
  flushed(): Promise<void>;
  close(): Promise<void>;
}

/** The state can't be read. It is derived, but for who pushed what and which nodes wait, so a person decides to do without it. */
export class DamagedStore extends Error {
  readonly mend: string;
  constructor(directory: string, cause: unknown) {
    super(`${directory} is damaged: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.mend = `put it back from a backup, or start without it: mv ${directory} ${directory}.damaged   (lost are who pushed what, and the earlier sets of nodes that wait for an image)`;
  }
}

/**
 * Opens (or makes) the LMDB environment in a directory, which only its owner can read from then on. Databases are made as they are
 * named. Throws DamagedStore.
 */
export function openStore(directory: string): Store {
  const fault = faultOfFile(join(directory, 'data.mdb'));
  if (fault !== undefined) throw new DamagedStore(directory, fault);
  const readable = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw new DamagedStore(directory, error);
    }
  };
  // The directory first: so no file in it is readable by others for a moment, whatever the umask and whatever an older version left.
  mkdirSync(dirname(directory), { recursive: true });
  if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
  setMode(directory, 0o700);
  // Without batches of its own: on a full disk lmdb rejects a promise for them that nobody can catch, and the process ends.
  const root = open({ path: directory, maxDbs: 32, eventTurnBatching: false });
  for (const name of ['data.mdb', 'lock.mdb']) setMode(join(directory, name), 0o600);
  let failed: Error | undefined;
  const open_ = new Map<string, Database<unknown, string>>();
  const database = (name: string): Database<unknown, string> => {
    let db = open_.get(name);
    if (db === undefined) {
      db = root.openDB<unknown, string>({ name });
      open_.set(name, db);
    }
    return db;
  };
  return {
    get: (db, key) => readable(() => database(db).get(key)),
    async batch(changes) {
      // Databases are opened outside the write: opening one is a transaction of its own.
      const steps = changes.map((change) => ({ change, db: database(change.db) }));
      // `batch`, not `transaction`: the latter never resolves with lmdb 3.5.6 on Node 20 (seen here), and is not needed.
      try {
        await root.batch(() => {
          for (const { change, db } of steps) {
            if (change.value === undefined) db.remove(change.key);
            else db.put(change.key, change.value);
          }
        });
        failed = undefined;
      } catch (error) {
        failed = await causeOf(error);
        throw failed;
      }
    },
    *range(db, prefix = '') {
      const rows = readable(() =>
        database(db)
          .getRange(prefix === '' ? {} : { start: prefix })
          [Symbol.iterator](),
      );
      for (let row = readable(() => rows.next()); row.done !== true; row = readable(() => rows.next())) {
        const { key, value } = row.value;
        if (!key.startsWith(prefix)) return void rows.return?.();
        yield { key, value };
      }
    },
    async flushed() {
      // After a batch that failed lmdb would wait for a flush that never comes.
      if (failed !== undefined) throw failed;
      await root.flushed;
    },
    async close() {
      if (failed === undefined) await root.flushed;
      await root.close();
    },
  };
}

/** Nodes' logs and who pushed what are nobody else's business. What is so already is left: it may be another user's. */
function setMode(path: string, mode: number): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined && (there.mode & 0o7777) !== mode) chmodSync(path, mode);
}

/** Where lmdb's two meta pages (0 and 1) say what they are and where the trees begin. */
const meta = { magic: 24, pageSize: 48, freeRoot: 88, mainRoot: 136, txn: 152 } as const;
const largestPage = 65_536;
const magic = 0xbeefc0de;
const noPage = 2n ** 64n - 1n;

/**
 * Why lmdb can't open a file; undefined where it can, or where there is none. Asked before it tries: it maps the file as it
 * stands, so that a foreign or a cut off one ends the process by a signal and says nothing.
 */
export function faultOfFile(file: string): string | undefined {
  const bytes = Buffer.alloc(2 * largestPage);
  let size = 0;
  try {
    const handle = openSync(file, 'r');
    try {
      size = fstatSync(handle).size;
      readSync(handle, bytes, 0, bytes.length, 0);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    // None yet; any other trouble lmdb meets too, and says so.
    return (error as NodeJS.ErrnoException).code === 'EISDIR' ? 'data.mdb is a directory' : undefined;
  }
  if (size === 0) return undefined;
  const pageSize = bytes.readUInt32LE(meta.pageSize);
  if (pageSize < 512 || pageSize > largestPage || size < 2 * pageSize)
    return 'data.mdb is no lmdb file, or part of one';
  const pages = [bytes.subarray(0, pageSize), bytes.subarray(pageSize, 2 * pageSize)];
  if (pages.some((page) => page.readUInt32LE(meta.magic) !== magic)) return 'data.mdb is no lmdb file';
  pages.sort((a, b) => (a.readBigUInt64LE(meta.txn) < b.readBigUInt64LE(meta.txn) ? 1 : -1));
  for (const at of [meta.freeRoot, meta.mainRoot]) {
    const root = pages[0]?.readBigUInt64LE(at) ?? noPage;
    if (root !== noPage && (root + 1n) * BigInt(pageSize) > BigInt(size)) return 'data.mdb is cut off';
  }
  return undefined;
}

/** lmdb tells of pages and buffers, which is nobody's business who has to free space. */
const writeTroubles: Readonly<Record<string, string>> = {
  EIO: 'the disk is full, or has errors',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of this user is used up',
  EROFS: 'the filesystem is read-only',
  EFBIG: 'files may not grow further (ulimit -f)',
};

/** What the disk said: lmdb puts it behind a promise, and gives the system's number where readers of errors expect its name. */
async function causeOf(error: unknown): Promise<Error> {
  let cause = error;
  if (error instanceof Error && 'commitError' in error) {
    cause = await Promise.resolve(error.commitError).catch((reason: unknown) => reason);
  }
  const text = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'number' ? cause.code : undefined;
  // Its own codes are negative.
  const name = code === undefined || code < 0 ? undefined : getSystemErrorName(-code);
  const words = (name === undefined ? undefined : writeTroubles[name]) ?? text;
  // lmdb calls a short write so, which is how a disk runs full.
  const full = 'free space on that filesystem (df -h, df -i); if there is some, the disk has errors (dmesg)';
  return Object.assign(new Error(`the state directory cannot be written: ${words}`, { cause: error }), {
    code: name,
    ...(name === 'EIO' ? { mend: full } : {}),
  });
}

/** A store that dies with the process, for tests and for `plan` without a state directory. */
export function memoryStore(): Store {
  const databases = new Map<string, Map<string, unknown>>();
  const database = (name: string): Map<string, unknown> => {
    const db = databases.get(name) ?? new Map<string, unknown>();
    databases.set(name, db);
    return db;
  };
  return {
    get: (db, key) => database(db).get(key),
    async batch(changes) {
      for (const { db, key, value } of changes) {
        if (value === undefined) database(db).delete(key);
        else database(db).set(key, structuredClone(value));
      }
    },
    *range(db, prefix = '') {
      const keys = [...database(db).keys()].filter((key) => key.startsWith(prefix)).sort();
      for (const key of keys) yield { key, value: database(db).get(key) };
    },
    async flushed() {},
    async close() {},
  };
}
