/** Site keys that contradict the rest, or that would be passed over in silence; and paths that climb. */
import { climbingPath } from '../diagnostic/catalogue/check.ts';
import {
  badSiteDirectory,
  badSitePort,
  installlocWithServiceNodes,
  unknownDialect,
  unknownSiteKey,
  unknownStrict,
} from '../diagnostic/catalogue/site.ts';
import type { Diagnostic, Position } from '../diagnostic/diagnostic.ts';
import type { View } from '../resolve/view.ts';
import { nearest } from '../tables/nearest.ts';
import type { Row, Table } from '../tables/table.ts';
import { strictness } from './severity.ts';

/** Keys of litehouse's own; `litehouse.waive.CODE` besides. */
const ownKeys = ['litehouse.dialect', 'litehouse.strict'];
const ownKeysText = [...ownKeys, 'litehouse.waive.CODE'].join(', ');
const waiver = 'litehouse.waive.';

/** What the view falls back to. */
const directories: ReadonlyMap<string, string> = new Map([
  ['installdir', '/install'],
  ['tftpdir', '/tftpboot'],
]);

export function checkSite(view: View): Diagnostic[] {
  const table = view.tables.get('site');
  const found: Diagnostic[] = [];
  for (const row of table?.rows ?? []) {
    const key = table?.value(row, 'key');
    const text = table?.value(row, 'value');
    if (table === undefined || key === undefined) continue;
    const diagnostic = checkKey(view, key, text, (column) => table.at(row, column));
    if (diagnostic !== undefined) found.push(diagnostic);
  }
  return found;
}

function checkKey(
  view: View,
  key: string,
  text: string | undefined,
  at: (column: string) => Position,
): Diagnostic | undefined {
  if (key.startsWith('litehouse.') && !ownKeys.includes(key) && !key.startsWith(waiver)) {
    return unknownSiteKey(at('key'), { key, known: ownKeysText, nearest: nearest(key, ownKeys) });
  }
  if (text === undefined) return undefined;
  const used = directories.get(key);
  if (used !== undefined) {
    const plain = text.startsWith('/') && !/(^|\/)\.\.?(\/|$)/.test(text) && /[^/]/.test(text);
    return plain ? undefined : badSiteDirectory(at('value'), { key, text, used });
  }
  switch (key) {
    case 'litehouse.dialect':
      return text === 'cookbook' || text === 'later' ? undefined : unknownDialect(at('value'), { text });
    case 'litehouse.strict':
      return strictness(text) === undefined ? unknownStrict(at('value'), { text }) : undefined;
    case 'xcatdport':
      return /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65536
        ? undefined
        : badSitePort(at('value'), { text });
    case 'installloc': {
      const sign = hierarchySign(view);
      return sign === undefined ? undefined : installlocWithServiceNodes(at('key'), { sign });
    }
  }
  return undefined;
}

/** What shows that the cluster has service nodes. */
function hierarchySign(view: View): string | undefined {
  if ((view.tables.get('servicenode')?.rows.length ?? 0) > 0) return 'tables/servicenode.csv has rows';
  const noderes = view.tables.get('noderes');
  const row = noderes?.rows.find((candidate) => noderes.value(candidate, 'servicenode') !== undefined);
  return row === undefined ? undefined : `tables/noderes.csv:${row.line} names a service node`;
}

/** Columns that hold paths of the server, which stand in NFSROOT, in exports and in builds as they are. Mounts are checked where they are read. */
const pathColumns: Readonly<Record<string, readonly string[]>> = {
  noderes: ['nfsdir', 'tftpdir'],
  linuximage: [
    'template',
    'pkglist',
    'pkgdir',
    'otherpkglist',
    'otherpkgdir',
    'exlist',
    'postinstall',
    'rootimgdir',
    'kerneldir',
    'driverupdatesrc',
  ],
};

export function checkClimbing(view: View): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const [name, columns] of Object.entries(pathColumns)) {
    const table = view.tables.get(name);
    if (table === undefined) continue;
    for (const column of columns.filter((each) => table.columns.includes(each))) {
      for (const row of table.rows) if (climbs(table, row, column)) found.push(climbing(table, row, column));
    }
  }
  return found;
}

function climbs(table: Table, row: Row, column: string): boolean {
  const text = table.value(row, column);
  return text?.includes('..') === true && text.split(/[/,:\s]/).includes('..');
}

function climbing(table: Table, row: Row, column: string): Diagnostic {
  const text = table.value(row, column) ?? '';
  return climbingPath(table.at(row, column), { table: table.name, column, text });
}
