/** Boot files from tables to bytes on the disk: beside those that the original wrote in 2010, and when a node changes its loader. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../core/engine/types.ts';
import { importCommits, initBare, type TreeFile } from '../cluster/repository.ts';
import { readTree } from './compare.ts';
import { labEngine, read, temporary } from './engine-lab.ts';

const cases = fileURLToPath(new URL('../fixtures/cases/bootfiles/', import.meta.url));
const [pxe, pxeState, yaboot] = [
  'pxe-rhels5.5-nostate-nfsdir.2010-04',
  'pxe-rhels5.5-state-console.2010-04',
  'yaboot-sles11-ppc64.2010-04',
];

let undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.reverse()) await one();
  undo = [];
});

function scratch(): string {
  const { dir, remove } = temporary('boot-files');
  undo.push(remove);
  return dir;
}

/** A text of a case; `@W@` is the directory that the original worked in. */
const textOf = (path: string): string => read(join(cases, path)).replaceAll('@W@', '/W');

function tablesOf(name: string, changes: Readonly<Record<string, string>> = {}): Map<string, TreeFile> {
  const tables = new Map<string, TreeFile>();
  const put = (table: string, text: string) => tables.set(`tables/${table}`, { text, mode: '100644' });
  for (const table of readdirSync(join(cases, name, 'tables'))) put(table, textOf(`${name}/tables/${table}`));
  for (const [table, text] of Object.entries(changes)) put(table, text);
  return tables;
}

interface Lab {
  readonly engine: Engine;
  /** Root tftp. */
  readonly tftp: string;
  /** Puts tables into effect, as one more commit. */
  apply(tables: ReadonlyMap<string, TreeFile>): Promise<void>;
}

async function lab(): Promise<Lab> {
  const repository = join(scratch(), 'config.git');
  await initBare(repository);
  const dir = scratch();
  const engine = await labEngine({ repository, dir });
  undo.push(() => engine.close());
  let head: string | undefined;
  return {
    engine,
    tftp: join(dir, 'tftp'),
    async apply(changes) {
      const onto = head === undefined ? {} : { onto: head };
      [head] = await importCommits(repository, [{ branch: 'main', subject: 'Tables', parents: [], changes, ...onto }]);
      const { ok, lines } = await engine.reconcile('test');
      expect(ok, lines.join('\n')).toBe(true);
    },
  };
}

describe.each([pxe, pxeState, yaboot])('the tables of %s', (name) => {
  test('give the bytes of 2010, but for LHGEN= after XCAT= and the blank at the end of the line', async () => {
    const { engine, tftp, apply } = await lab();
    await apply(tablesOf(name));
    const [generation, ...more] = [...(engine.world?.generations.keys() ?? [])];
    expect(more).toEqual([]);
    const documented = (original: string): string =>
      original.replace(/ XCAT=[^ ]*/, `$& LHGEN=${generation}`).replaceAll(/ +("?)$/gm, '$1');
    // `tftpboot/PATH -> TO`, `tftpboot/PATH  (inode links N)`; kernel and initrd, which are the administrator's here, bare.
    const files = textOf(`${name}/FILES.txt`).matchAll(/^tftpboot\/(\S+)(?: -> (\S+)| +\(inode links (\d+)\))$/gm);
    let compared = 0;
    for (const [, path = '', to, links] of files) {
      compared++;
      if (to !== undefined) expect([path, readlinkSync(join(tftp, path))]).toEqual([path, to]);
      else {
        expect([path, read(join(tftp, path))]).toEqual([path, documented(textOf(`${name}/tftpboot/${path}`))]);
        expect([path, statSync(join(tftp, path)).nlink]).toEqual([path, Number(links)]);
      }
    }
    expect(compared).toBe(name === yaboot ? 3 : 2);
  });
});

describe('a node that changes its loader', () => {
  test('loses the files and links of the one before, and gets them back with it; what others put there stays', async () => {
    const { tftp, apply } = await lab();
    const withLoader = (loader: string) =>
      apply(
        tablesOf(pxe, {
          'noderes.csv': textOf(`${pxe}/tables/noderes.csv`).replace('"pxe"', `"${loader}"`),
          'mac.csv': '#node,mac\n"n01","00:1A:2B:3C:4D:5E|00:1A:2B:3C:4D:5F!n01-eth1"\n',
        }),
      );
    const paths = () => [...readTree(tftp).keys()];
    await withLoader('pxe');
    const before = readTree(tftp);
    const own = ['01-00-1a-2b-3c-4d-5e', '01-00-1a-2b-3c-4d-5f', '0A000101', 'n01', 'n01-eth1'];
    expect(paths()).toEqual(['pxelinux.cfg', ...own.map((link) => `pxelinux.cfg/${link}`)]);

    await withLoader('yaboot');
    expect(paths()).toEqual([
      ...['etc', 'etc/0a000101', 'etc/n01'],
      ...['yaboot.conf-00-1a-2b-3c-4d-5e', 'yaboot.conf-00-1a-2b-3c-4d-5f'],
    ]);
    expect(read(join(tftp, 'etc/n01'))).toMatch(/^#statelite .*\ntimeout=5\nimage=/);
    mkdirSync(join(tftp, 'pxelinux.cfg'));
    for (const path of ['pxelinux.0', 'yaboot', 'etc/theirs', 'pxelinux.cfg/default'])
      writeFileSync(join(tftp, path), 'x');

    await withLoader('pxe');
    const theirs = ['etc', 'etc/theirs', 'pxelinux.0', 'pxelinux.cfg/default', 'yaboot'];
    expect(paths()).toEqual([...before.keys(), ...theirs].sort());
    for (const [path, found] of before) expect([path, readTree(tftp).get(path)]).toEqual([path, found]);
    expect(readFileSync(join(tftp, 'pxelinux.cfg/default'), 'utf8')).toBe('x');
  });
});
