/** The journal: which apply is open, what was applied last, and which reloads are still owed. */
import { z } from 'zod';
import type { Store } from './store.ts';

const recordSchema = z.object({
  target: z.string(),
  commit: z.string().optional(),
  /** Digest of versions and settings that shape outputs (DESIGN 1). */
  stamp: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
});
export type JournalRecord = z.infer<typeof recordSchema>;

const db = 'apply';

/** The apply that began and has not finished; undefined: none. A record that can't be read counts as open. */
export function openRecord(store: Store): JournalRecord | undefined {
  const found = store.get(db, 'open');
  if (found === undefined) return undefined;
  const parsed = recordSchema.safeParse(found);
  return parsed.success ? parsed.data : { target: '', stamp: '', at: 0 };
}

/** The last apply that finished. */
export function lastApplied(store: Store): JournalRecord | undefined {
  const parsed = recordSchema.safeParse(store.get(db, 'applied'));
  return parsed.success ? parsed.data : undefined;
}

/** Names of reloads whose files changed and that have not run since. */
export function owedReloads(store: Store): string[] {
  const parsed = z.array(z.string()).safeParse(store.get(db, 'owed'));
  return parsed.success ? parsed.data : [];
}

/** Durable when it resolves. */
export async function openJournal(store: Store, record: JournalRecord, owed: readonly string[]): Promise<void> {
  await store.batch([
    { db, key: 'open', value: record },
    { db, key: 'owed', value: [...owed] },
  ]);
  await store.flushed();
}

/** Durable when it resolves. */
export async function closeJournal(store: Store, record: JournalRecord, owed: readonly string[]): Promise<void> {
  await store.batch([
    { db, key: 'open' },
    { db, key: 'applied', value: record },
    { db, key: 'owed', value: [...owed] },
  ]);
  await store.flushed();
}
