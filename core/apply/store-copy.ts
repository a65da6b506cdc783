/** A copy of the state's store while another process may be writing to it. */
import { open } from 'lmdb';

/** Copies the LMDB environment of one directory into another as one `data.mdb`: as a single transaction left it, compacted. */
export async function copyStore(from: string, to: string): Promise<void> {
  const store = open({ path: from, readOnly: true, maxDbs: 32 });
  try {
    await store.backup(to, true);
  } finally {
    await store.close();
  }
}
