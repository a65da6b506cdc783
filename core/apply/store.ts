/** A small transactional key-value store for runtime state that git does not hold: journal, failures, check-ins. */
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
  /** Resolves when every batch so far would survive a power cut. */
  flushed(): Promise<void>;
  close(): Promise<void>;
}

/** Opens (or makes) the LMDB environment in a directory. Databases are made as they are named. */
export function openStore(directory: string): Store {
  const root = open({ path: directory, maxDbs: 32, eventTurnBatching: false });
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
    get: (db, key) => database(db).get(key),
    async batch(changes) {
      // Databases are opened outside the write: opening one is a transaction of its own.
      const steps = changes.map((change) => ({ change, db: database(change.db) }));
      const written: Promise<unknown>[] = [];
      // `batch`, not `transaction`: the latter never resolves with lmdb 3.5.6 on Node 20 (seen here), and is not needed.
      const all = root.batch(() => {
        for (const { change, db } of steps) {
          written.push(change.value === undefined ? db.remove(change.key) : db.put(change.key, change.value));
        }
      });
      // Each write fails by itself where the disk is full, and a rejection that nobody awaits would end the process.
      const ends = await Promise.allSettled([all, ...written]);
      for (const end of ends) if (end.status === 'rejected') throw await causeOf(end.reason);
    },
    *range(db, prefix = '') {
      for (const { key, value } of database(db).getRange(prefix === '' ? {} : { start: prefix })) {
        if (!key.startsWith(prefix)) return;
        yield { key, value };
      }
    },
    async flushed() {
      await root.flushed;
    },
    async close() {
      await root.flushed;
      await root.close();
    },
  };
}

/** lmdb's own text only points at a promise, which rejects with what the disk said. */
async function causeOf(error: unknown): Promise<unknown> {
  if (typeof error !== 'object' || error === null || !('commitError' in error)) return error;
  const cause = await Promise.resolve(error.commitError).catch((reason: unknown) => reason);
  if (!(cause instanceof Error)) return error;
  // lmdb gives the number of the system; what reads errors here knows them by name.
  const name = 'code' in cause && typeof cause.code === 'number' ? getSystemErrorName(-cause.code) : undefined;
  return Object.assign(new Error(`the state directory: ${cause.message}`, { cause }), { code: name });
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
