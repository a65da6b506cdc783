/** Reads the store of what nodes reported, also beside the server that keeps it. */
import { join } from 'node:path';
import type { Store } from '../../core/apply/store.ts';
import { readStore } from '../../core/apply/store-copy.ts';
import { type NodeReport, readStored } from './report.ts';

/** Its databases, both by node: the record, and the log of the last report that had one. */
export const [records, logs] = ['reports', 'logs'];

/** What nodes reported, as far as it is written. */
export function readReports(state: string): Promise<ReadonlyMap<string, NodeReport>> {
  return readStore(join(state, 'reports'), (store) => new Map(recordsIn(store)));
}

/** The log of a node's last report that had one. */
export function readReportLog(state: string, node: string): Promise<string | undefined> {
  return readStore(join(state, 'reports'), (store) => {
    for (const { key, value } of store.range(logs, node)) if (key === node && typeof value === 'string') return value;
    return undefined;
  });
}

export function* recordsIn(store: Pick<Store, 'range'>): Iterable<[string, NodeReport]> {
  for (const { key, value } of store.range(records)) {
    const record = readStored(value);
    if (record !== undefined) yield [key, record];
  }
}
