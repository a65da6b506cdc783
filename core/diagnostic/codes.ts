/** The catalogue as a whole: every kind of diagnostic of the house, plugins' own besides. */
import * as apply from './catalogue/apply.ts';
import * as boot from './catalogue/boot.ts';
import * as check from './catalogue/check.ts';
import * as edit from './catalogue/edit.ts';
import * as image from './catalogue/image.ts';
import * as lite from './catalogue/lite.ts';
import * as live from './catalogue/live.ts';
import * as nodes from './catalogue/nodes.ts';
import * as plan from './catalogue/plan.ts';
import * as policy from './catalogue/policy.ts';
import * as repo from './catalogue/repo.ts';
import * as resolve from './catalogue/resolve.ts';
import * as server from './catalogue/server.ts';
import * as site from './catalogue/site.ts';
import * as tables from './catalogue/tables.ts';
import type { Severity } from './diagnostic.ts';

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
  boot,
  check,
  edit,
  image,
  lite,
  live,
  nodes,
  plan,
  policy,
  repo,
  resolve,
  server,
  site,
  tables,
};

/** The kinds of all areas. */
export function catalogueEntries(): CatalogueEntry[] {
  return Object.values(areas).flatMap((area) => Object.values(area).filter(isEntry));
}

function isEntry(value: unknown): value is CatalogueEntry & (() => void) {
  return typeof value === 'function' && 'code' in value && 'help' in value;
}
