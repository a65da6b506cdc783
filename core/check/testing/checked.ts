/** Runs the real view and all checks over a few files, for tests of single checks. */
import { createHash } from 'node:crypto';
import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import type { FileEntry, Snapshot } from '../../repo/snapshot.ts';
import { buildView } from '../../resolve/build-view.ts';
import type { View } from '../../resolve/view.ts';
import { TableCache } from '../../tables/load.ts';
import { checkView } from '../check.ts';

/** A snapshot of files that exist only here. */
export function filesSnapshot(files: Readonly<Record<string, string>>, commit?: string): Snapshot {
  const oidOf = (text: string) => createHash('sha1').update(text).digest('hex');
  const texts = new Map(Object.values(files).map((text) => [oidOf(text), Buffer.from(text)]));
  const all: FileEntry[] = Object.entries(files).map(([path, text]) => ({ path, mode: '100644', oid: oidOf(text) }));
  return {
    commit,
    async list(folder) {
      const entries = all
        .filter(({ path }) => folder === '' || path.startsWith(`${folder}/`))
        .sort((a, b) => (a.path < b.path ? -1 : 1));
      return { tree: entries.length === 0 ? undefined : oidOf(JSON.stringify(entries)), entries };
    },
    async blobs(oids) {
      return oids.map((oid) => texts.get(oid) ?? Buffer.alloc(0));
    },
  };
}

const oneImage = '#imagename,osvers,osarch,profile\n"image","os","arch","profile"\n';

export async function viewOf(files: Readonly<Record<string, string>>, commit?: string): Promise<View> {
  const snapshot = filesSnapshot({ 'tables/osimage.csv': oneImage, ...files }, commit);
  return buildView(snapshot, { tableCache: new TableCache(), extraSchemas: [] });
}

/** All diagnostics of the tables, of resolution and of the checks. There is one image, unless osimage.csv is given. */
export async function checkedRepo(files: Readonly<Record<string, string>>): Promise<Diagnostic[]> {
  const view = await viewOf(files);
  const checked = checkView(view);
  return [...view.diagnostics, ...checked];
}
