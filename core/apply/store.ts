/** A small transactional key-value store for runtime state that git does not hold: journal, failures, check-ins. */
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
  const root = open({ path: directory, maxDbs: 32 });
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
      // `batch`, not `transaction`: the latter never resolves with lmdb 3.5.6 on Node 20 (seen here), and is not needed.
      await root.batch(() => {
        for (const { change, db } of steps) {
          if (change.value === undefined) db.remove(change.key);
          else db.put(change.key, change.value);
        }
      });
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
