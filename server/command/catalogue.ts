/** All kinds of diagnostics by code: what `litehouse help CODE` looks in. */
import { areas, type CatalogueEntry, catalogueEntries } from '../../core/diagnostic/codes.ts';
import { ownPlugins } from '../../plugins/index.ts';

export { areas, type CatalogueEntry };

/** Everything that can be looked up, in the order of the codes. */
export function catalogue(): CatalogueEntry[] {
  const entries = [...catalogueEntries(), ...ownPlugins.flatMap((plugin) => plugin.messages ?? [])];
  return entries.sort((a, b) => (a.code < b.code ? -1 : 1));
}
