import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { litehouse } from '../../../test/server/command-line.ts';
import { temporaryDirs } from '../../../test/server/temporary.ts';

const temporary = temporaryDirs();
const cases = fileURLToPath(new URL('../../../test/fixtures/cases/', import.meta.url));

/** Lines that the original gave to one command of a case. */
function original(name: string, file: string, command: string): string[] {
  const text = readFileSync(join(cases, name, file), 'utf8');
  const [, answer = ''] = text.split(`$ ${command}\n`);
  return (
    answer
      .split('\n\n')[0]
      ?.split('\n')
      .filter((line) => line !== '') ?? []
  );
}

function repository(files: Readonly<Record<string, string>>): string {
  const dir = temporary();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const site = {
  'tables/nodelist.csv': '#node,groups\n"n01","compute,rack1,all"\n"n02","compute,all"\n"bare",\n',
  'tables/nodetype.csv': '#node,os,arch,profile\n"compute","rhels5.5","x86_64","compute"\n',
  'tables/osimage.csv':
    '#imagename,groups,profile,provmethod,osvers,osarch\n"rhels5.5-x86_64-statelite-compute",,"compute","statelite","rhels5.5","x86_64"\n',
  'tables/hosts.csv': '#node,ip\n"compute","|n(\\d+)|10.0.0.($1+10)|"\n"cnfs","10.0.0.2"\n',
  'tables/noderes.csv': '#node,nfsserver\n"compute","10.0.0.9"\n',
  'tables/nodepos.csv': '#node,rack\n"rack1","7"\n',
  'tables/chain.csv': '#node,currstate\n"n02","boot"\n',
  'tables/statelite.csv': '#node,image,statemnt\n"compute",,"cnfs:/gpfs/state"\n',
  'tables/litefile.csv':
    '#image,file,options\n"ALL","/etc/motd",\n"ALL","/etc/hosts","tmpfs"\n"ALL","/etc/ssh/","persistent"\n"ALL","/root/.bashrc","bind, persistent"\n"ALL","/usr/tool","ALL"\n',
  'tables/litetree.csv':
    '#priority,image,directory,mntopts\n"10",,"cnfs:/gpfs/dallas/",\n"9",,"cnfs:/a$nodepos.rack/b","soft"\n"1",,"$noderes.nfsserver:/statelite/$node",\n"12","otherimg","srv:/not/this",\n"13",,"/local/$node",\n',
};

describe('litefile and ilitefile', () => {
  test("T06: print the original's lines, but for what we resolve otherwise on purpose", async () => {
    const dir = join(cases, 'T06-litefile-merge');
    for (const node of ['n01', 'n02']) {
      const { out, status } = await litehouse('/', 'litefile', node, '--repo', dir);
      const theirs = original('T06-litefile-merge', 'expected-head.txt', `litefile ${node}`);
      expect(theirs.length).toBeGreaterThan(4);
      const same = ['/A', '/d', '/c'];
      const of = (all: readonly string[]) => all.filter((line) => same.includes(line.slice(line.lastIndexOf(' ') + 1)));
      expect(of(lines(out))).toEqual(of(theirs));
      expect(status).toBe(0);
    }
    const image = await litehouse('/', 'ilitefile', 'customimg', '--repo', dir);
    expect(image.out).toBe(
      'customimg: tmpfs         /A\ncustomimg: con           /a\ncustomimg: con           /b\ncustomimg: con           /c\ncustomimg: rw            /d\n',
    );
    expect((await litehouse('/', 'llitefile', 'customimg', '--repo', dir)).out).toBe(image.out);
  });

  test('print the words of the rows in a column of thirteen, a blank as tmpfs,rw, directories with a slash', async () => {
    const { out } = await litehouse('/', 'litefile', 'n01', '--repo', repository(site));
    expect(out).toBe(
      [
        'n01: tmpfs         /etc/hosts',
        'n01: tmpfs,rw      /etc/motd',
        'n01: persistent    /etc/ssh/',
        'n01: bind,persistent /root/.bashrc',
        'n01: ALL           /usr/tool',
        '',
      ].join('\n'),
    );
  });

  test('tell of a node without an image, and go on with the others', async () => {
    const { out, err, status } = await litehouse('/', 'litefile', 'bare,n01', '--repo', repository(site));
    expect(status).toBe(1);
    expect(lines(out)).toHaveLength(5);
    expect(err).toMatch(/^bare: no lists: .*nodetype\.os/);
  });

  test('know no image that osimage does not have', async () => {
    const { status, err } = await litehouse(
      '/',
      'ilitefile',
      'rhels5.5-x86_64-statelite-computer',
      '--repo',
      repository(site),
    );
    expect([status, err]).toEqual([1, expect.stringContaining('did you mean rhels5.5-x86_64-statelite-compute?')]);
  });

  test('give JSON to programs', async () => {
    const { out } = await litehouse('/', 'litefile', 'n01', '--json', '--repo', repository(site));
    expect(JSON.parse(out)[0].litefile[2]).toEqual({
      options: 'persistent',
      kind: 'link+persistent',
      file: '/etc/ssh/',
    });
  });
});

describe('litetree and lslite', () => {
  test('print directories by number, filled in for each node, whatever its state is just now', async () => {
    const { out } = await litehouse('/', 'litetree', 'n01,n02', '--repo', repository(site));
    expect(lines(out)).toEqual([
      'n01: 10.0.0.9:/statelite/n01',
      'n01: cnfs:/a7/b :soft',
      'n01: cnfs:/gpfs/dallas',
      'n01: /local/n01',
      'n02: 10.0.0.9:/statelite/n02',
      'n02: cnfs:/gpfs/dallas',
      'n02: /local/n02',
    ]);
  });

  test('lslite shows all of a node in blocks, and of an image', async () => {
    const dir = repository(site);
    const { out } = await litehouse('/', 'lslite', 'n01', '--repo', dir);
    expect(out).toContain('Persistent directory (statelite table):\n        cnfs:/gpfs/state\n');
    expect(out).toContain('Litefiles (litefile table):\n        tmpfs         /etc/hosts\n');
    expect(out).toContain('Litetree path (litetree table):\n        1,10.0.0.9:/statelite/n01\n');
    const image = await litehouse('/', 'lslite', '-i', 'rhels5.5-x86_64-statelite-compute', '--repo', dir);
    expect(image.out).toContain('        1,$noderes.nfsserver:/statelite/$node\n        9,cnfs:/a$nodepos.rack/b\n');
    expect((await litehouse('/', 'lslite', '--repo', dir)).status).toBe(2);
  });
});

describe('tabdump', () => {
  test('lists tables; prints one in dump style, rows that are switched off too', async () => {
    const dir = repository({
      ...site,
      'tables/policy.csv': '#priority,name,rule,comments,disable\n# note\n1, root ,allow,,\n2,,"say ""no""",,yes\n',
    });
    expect(lines((await litehouse('/', 'tabdump', '--repo', dir)).out)).toContain('litefile');
    expect((await litehouse('/', 'tabdump', 'policy', '--repo', dir)).out).toBe(
      '#priority,name,rule,comments,disable\n"1","root","allow",,\n"2",,"say ""no""",,"yes"\n',
    );
    expect((await litehouse('/', 'tabdump', 'servicenode', '--repo', dir)).out).toMatch(/^#node,/);
    expect((await litehouse('/', 'tabdump', 'polcy', '--repo', dir)).err).toContain('did you mean policy?');
  });
});
