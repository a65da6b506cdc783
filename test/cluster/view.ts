/** The view of a few files, without a disk: for tests of what reads views. */
import { overlaySnapshot } from '../../core/import/overlay.ts';
import { EMPTY_SNAPSHOT } from '../../core/repo/commit-snapshot.ts';
import { buildView } from '../../core/resolve/build-view.ts';
import type { View } from '../../core/resolve/view.ts';
import { TableCache } from '../../core/tables/load.ts';

/** Path in the repository to text. */
export function viewOf(files: Readonly<Record<string, string>> | ReadonlyMap<string, string>): Promise<View> {
  const list = files instanceof Map ? [...(files as ReadonlyMap<string, string>)] : Object.entries(files);
  const bytes = new Map(list.map(([path, text]) => [path, Buffer.from(text)]));
  return buildView(overlaySnapshot(EMPTY_SNAPSHOT, bytes), { tableCache: new TableCache(), extraSchemas: [] });
}
