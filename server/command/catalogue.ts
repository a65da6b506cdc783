/** All kinds of diagnostics by code: what `litehouse help CODE` looks in. */
import * as apply from '../../core/diagnostic/catalogue/apply.ts';
import * as check from '../../core/diagnostic/catalogue/check.ts';
import * as edit from '../../core/diagnostic/catalogue/edit.ts';
import * as lite from '../../core/diagnostic/catalogue/lite.ts';
import * as nodes from '../../core/diagnostic/catalogue/nodes.ts';
import * as plan from '../../core/diagnostic/catalogue/plan.ts';
import * as policy from '../../core/diagnostic/catalogue/policy.ts';
import * as repo from '../../core/diagnostic/catalogue/repo.ts';
import * as resolve from '../../core/diagnostic/catalogue/resolve.ts';
import * as server from '../../core/diagnostic/catalogue/server.ts';
import * as site from '../../core/diagnostic/catalogue/site.ts';
import * as tables from '../../core/diagnostic/catalogue/tables.ts';
import type { Severity } from '../../core/diagnostic/diagnostic.ts';
import { ownPlugins } from '../../plugins/index.ts';

/** A kind of diagnostic as help shows it. */
export interface CatalogueEntry {
  readonly code: string;
  readonly severity: Severity;
  readonly title: string;
  readonly help: string;
}

/** Files of the catalogue by name; a test holds it complete. */
export const areas: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  apply,
  check,
  edit,
  lite,
  nodes,
  plan,
  policy,
  repo,
  resolve,
  server,
  site,
  tables,
};

/** Everything that can be looked up, in the order of the codes. */
export function catalogue(): CatalogueEntry[] {
  const entries: CatalogueEntry[] = [];
  for (const area of Object.values(areas)) entries.push(...Object.values(area).filter(isEntry));
  for (const plugin of ownPlugins) entries.push(...(plugin.messages ?? []));
  return entries.sort((a, b) => (a.code < b.code ? -1 : 1));
}

function isEntry(value: unknown): value is CatalogueEntry & (() => void) {
  return typeof value === 'function' && 'code' in value && 'help' in value;
}
