/** A copy of the state's store, or a look into it, while another process may be writing to it. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, open } from 'lmdb';
import { DamagedStore, faultOfFile, type Store } from './store.ts';

/** Reads the LMDB environment of a directory and changes nothing in it. A database that it does not have is empty. */
export async function readStore<T>(directory: string, read: (store: Pick<Store, 'range'>) => T): Promise<T> {
  // lmdb makes a directory that is not there, also to read it, and maps what is no store of its own until a signal ends the process.
  await stat(join(directory, 'data.mdb'));
  const fault = faultOfFile(join(directory, 'data.mdb'));
  if (fault !== undefined) throw new DamagedStore(directory, fault);
  const store = open({ path: directory, readOnly: true, maxDbs: 32 });
  try {
    return read({
      *range(db, prefix = '') {
        const rows: Database<unknown, string> | undefined = store.openDB<unknown, string>({ name: db });
        for (const { key, value } of rows?.getRange(prefix === '' ? {} : { start: prefix }) ?? []) {
          if (!key.startsWith(prefix)) return;
          yield { key, value };
        }
      },
    });
  } finally {
    await store.close();
  }
}

/** Copies the LMDB environment of one directory into another as one `data.mdb`: as a single transaction left it, compacted. */
export async function copyStore(from: string, to: string): Promise<void> {
  const store = open({ path: from, readOnly: true, maxDbs: 32 });
  try {
    await store.backup(to, true);
  } finally {
    await store.close();
  }
}
