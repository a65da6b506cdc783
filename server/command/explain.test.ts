import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { foldNodes } from '../../core/noderange/fold.ts';
import { generateCluster, nodeAddress, nodeMac, nodeName } from '../../test/cluster/generate.ts';
import { tableRows } from '../../test/cluster/rows.ts';
import { litehouse } from '../../test/server/command-line.ts';
import { temporaryDirs } from '../../test/server/temporary.ts';

const temporary = temporaryDirs();
const root = fileURLToPath(new URL('../../', import.meta.url));

function git(cwd: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  const { status, stdout, stderr } = spawnSync('git', [...identity, ...args], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** A working copy of the template with one commit, and a motd of our own for n11. */
function workingCopy(): string {
  const dir = join(temporary(), 'cluster');
  cpSync(join(root, 'repo-template'), dir, { recursive: true });
  write(dir, 'syncdirs/n11/etc/motd', 'Welcome to n11\n\u001b[31mred\n');
  git(dir, 'init', '-q', '-b', 'main');
  git(dir, 'add', '-A');
  git(dir, 'commit', '-qm', 'First');
  return dir;
}

function write(dir: string, path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

describe('explain', () => {
  test('a file: row, trees tried, commit, author, content; alike for a working copy and a commit', async () => {
    const dir = workingCopy();
    const working = await litehouse('/', 'explain', 'n11', '/etc/motd', '--repo', dir);
    expect(working.status).toBe(0);
    expect(working.out).toMatch(/^n11:\/etc\/motd$/m);
    expect(working.out).toMatch(
      /^row +tables\/litefile\.csv:\d+:\d+\n +[0-9a-f]{10} {2}Ada {2}\d{4}-\d\d-\d\d {2}First$/m,
    );
    expect(working.out).toMatch(/^trees +1 +10\.0\.0\.1:\/syncdirs\/n11 .*supplies it$/m);
    expect(working.out).toMatch(/ \/\.default of the image +not asked$/m);
    expect(working.out).toContain('syncdirs/n11/etc/motd  24 bytes');
    expect(working.out).toContain('| Welcome to n11\n');
    expect(working.out).toContain('| ?[31mred');
    expect((await litehouse(dir, 'explain', 'n11', '/etc/motd', '--at', 'HEAD')).out).toBe(working.out);
  });

  test('a path without its first slash means the file all the same', async () => {
    const dir = workingCopy();
    const full = await litehouse(dir, 'explain', 'n11', '/etc/motd');
    expect(await litehouse(dir, 'explain', 'n11', 'etc/motd')).toEqual(full);
    expect((await litehouse(dir, 'explain', 'n11', 'etc/../motd')).err).toContain('is no path of a file');
  });

  test('a file that is not committed yet says so', async () => {
    const dir = workingCopy();
    write(dir, 'syncdirs/n11/etc/motd', 'changed\n');
    const { out } = await litehouse(dir, 'explain', 'n11', '/etc/motd');
    expect(out).toMatch(/8 bytes\n +not committed yet\n +\| changed/);
    expect((await litehouse(dir, 'explain', 'n11', '/etc/motd', '--at', 'main')).out).toContain('| Welcome to n11');
  });

  test('a file that no row lists', async () => {
    const { out, status } = await litehouse('/', 'explain', 'n11', '/usr/bin/ls', '--repo', workingCopy());
    expect(status).toBe(0);
    expect(out).toContain('comes read-only from the image, no litefile row lists it');
  });

  test('a value, a whole node, an image, a site key', async () => {
    const dir = workingCopy();
    const value = await litehouse(dir, 'explain', 'n01', 'noderes.nfsserver');
    expect(value.out).toMatch(/^value +10\.0\.0\.1\nrow +tables\/noderes\.csv:2:20\n +[0-9a-f]{10} {2}Ada/m);
    expect((await litehouse(dir, 'explain', 'n01', 'nfsserver')).out).toBe(value.out);
    expect((await litehouse(dir, 'explain', 'n01')).out).toMatch(/^litetree +1 +10\.0\.0\.1:\/syncdirs\/n01 /m);
    const state = await litehouse(dir, 'explain', 'n11', 'statelite.statemnt');
    expect(state.out).toMatch(/^mounted +\S+:\/\S+ {2}tables\/statelite\.csv:\d+:\d+$/m);
    const image = await litehouse(dir, 'explain', 'debian12-x86_64-statelite-compute');
    expect(image.out).toMatch(/^nodes +2: n\[11-12\]$/m);
    expect((await litehouse(dir, 'explain', 'n01', 'site.master')).out).toMatch(
      /^site\.master {2}\S+\n +tables\/site\.csv/,
    );
  });

  test('many nodes at once, folded by the way in which it reaches them', async () => {
    const dir = workingCopy();
    const files = (await litehouse(dir, 'explain', 'n11,n12', '/etc/motd')).out.split('\n');
    expect(files[0]).toMatch(/^n11 +link.*\$noderes\.nfsserver:\/syncdirs\/\$node/);
    expect((await litehouse(dir, 'explain', 'compute', 'nodetype.os')).out).toMatch(
      /^n\[01-10\] +rhels5\.4 +tables.*\nn\[11-12\] +debian12/,
    );
    expect((await litehouse(dir, 'explain', 'compute')).status).toBe(2);
  });

  test('as JSON, for programs', async () => {
    const dir = workingCopy();
    const json = async (...args: string[]) =>
      JSON.parse((await litehouse(dir, 'explain', ...args, '--json')).out) as unknown;
    expect(await json('n11', '/etc/motd')).toMatchObject({
      node: 'n11',
      entry: { at: { file: 'tables/litefile.csv' } },
      supplies: [{ found: { path: 'syncdirs/n11/etc/motd' } }],
      rowAuthor: { author: 'Ada' },
      contents: { 'syncdirs/n11/etc/motd': { content: { bytes: 24 }, author: { subject: 'First' } } },
    });
    expect(await json('n01', 'noderes.nfsserver')).toMatchObject({ text: '10.0.0.1', author: { author: 'Ada' } });
    expect(await json('n01')).toMatchObject({ node: 'n01', state: { text: 'statelite' } });
    expect(await json('compute', '/etc/motd')).toMatchObject({
      ways: [{ nodes: expect.stringContaining('n') }, {}, {}],
    });
    expect(await json('debian12-x86_64-statelite-compute')).toMatchObject({ nodes: ['n11', 'n12'] });
  });

  test('what is not there is told with what was meant', async () => {
    const dir = workingCopy();
    expect(await litehouse(dir, 'explain', 'n99')).toMatchObject({
      status: 1,
      out: '',
      err: expect.stringContaining('n99'),
    });
    expect((await litehouse(dir, 'explain', 'n01', 'noderes.nfsservr')).err).toContain('did you mean "nfsserver"?');
    expect((await litehouse(dir, 'explain', 'n01', '/etc/../motd')).status).toBe(2);
    expect((await litehouse(dir, 'explain', 'debian12-x86_64-statelite-computer')).err).toContain(
      'did you mean the image',
    );
    expect(await litehouse(dir, 'explain', 'n01', 'site.mastr')).toMatchObject({
      status: 1,
      err: expect.stringContaining('master'),
    });
  });
});

describe('nodels and noderange', () => {
  test('print as the original does, or folded', async () => {
    const dir = workingCopy();
    const out = async (...args: string[]) => (await litehouse(dir, ...args)).out;
    expect(await out('noderange', 'n[03-01],n01-n03,-n02', '--fold')).toBe('');
    expect(await out('noderange', 'n01-n03,-n02')).toBe('n01\nn03\n');
    expect(await out('noderange', 'compute', '--fold')).toBe('n[01-12]\n');
    expect((await out('nodels')).split('\n')).toContain('hv32lpar05');
    expect(await out('nodels', 'n01,n11', 'nodetype.os')).toBe('n01: rhels5.4\nn11: debian12\n');
    expect(await out('nodels', 'n11', 'os', 'noderes.tftpdir')).toBe(
      'n11: nodetype.os: debian12\nn11: noderes.tftpdir:\n',
    );
    expect(await out('nodels', 'compute', 'os', '--fold')).toBe('n[01-10]: rhels5.4\nn[11-12]: debian12\n');
    expect(JSON.parse(await out('nodels', 'n11', 'os', 'noderes.tftpdir', '--json'))).toEqual({
      nodes: [
        {
          node: 'n11',
          values: {
            'nodetype.os': { text: 'debian12', at: expect.stringMatching(/^tables\/nodetype/) },
            'noderes.tftpdir': null,
          },
        },
      ],
      missed: [],
    });
  });

  test('what is missed ends with 1, and the rest is printed; what cannot be read ends with 2', async () => {
    const dir = workingCopy();
    expect(await litehouse(dir, 'nodels', 'n01,n98-n99')).toEqual({
      status: 1,
      out: 'n01\n',
      err: 'neither a node nor a group: n[98-99]\n',
    });
    expect(await litehouse(dir, 'noderange', 'n[01')).toMatchObject({
      status: 2,
      err: expect.stringContaining('character 2'),
    });
    expect((await litehouse(dir, 'nodels', 'n01', 'litefile.file')).status).toBe(2);
  });

  test('a noderange may begin with what it leaves out', async () => {
    const dir = workingCopy();
    const run = (...args: string[]) => litehouse(dir, ...args);
    const meant = await run('noderange', '--', '-n02,n[01-03]');
    expect(meant.out).toBe('n01\nn03\n');
    expect(await run('noderange', '-n02,n[01-03]')).toEqual(meant);
    expect(await run('noderange', '--fold', '-n02,n[01-03]', '--json')).toEqual(
      await run('noderange', '--fold', '--json', '--', '-n02,n[01-03]'),
    );
    expect(await run('nodels', '-n02,n[01-03]', 'chain.currstate')).toEqual(
      await run('nodels', 'n01,n03', 'chain.currstate'),
    );
    // -n is --dry-run of nodeset, and -h help of all: neither begins a name by chance.
    expect(await run('nodeset', '-n', '-n02,n[01-02]', 'boot', '--repo', '.')).toMatchObject({
      status: 0,
      out: expect.stringMatching(/LOCALBOOT 0[\s\S]*nothing was changed/),
    });
    expect((await run('noderange', '-hv9,n01')).out).toBe('n01\n');
    for (const command of ['litefile', 'litetree', 'lslite', 'nodels'])
      expect(await run(command, '-n02,n[01-02]'), command).toEqual(await run(command, 'n01'));
    expect(await run('explain', '-n02,n[01-02]', 'etc/motd')).toEqual(await run('explain', 'n01', 'etc/motd'));
    // What cannot be read is told with the place in what was written; options stay options.
    expect((await run('noderange', '-n[,n01')).err).toContain("noderange '-n[,n01', character 3");
    expect(await run('noderange', '-x', 'n01')).toMatchObject({ status: 2, err: expect.stringContaining("'-x'") });
    expect((await run('noderange', '-h')).out).toContain('Usage: litehouse noderange');
    expect((await run('lslite', '-iimage')).err).toContain("there is no image 'image'");
    expect((await run('nodels', 'n01', '--dir', '-n02,all')).err).toContain('/-n02,all/config.git');
  });

  test('dynamic groups, range files and site.excludenodes count', async () => {
    const dir = workingCopy();
    write(
      dir,
      'tables/nodegroup.csv',
      '#groupname,grouptype,members,membergroups,wherevals\n"deb","dynamic",,,"os==debian12"\n"bad","dynamic",,,"x"\n',
    );
    write(dir, 'tables/site.csv', '#key,value\n"master","10.0.0.1"\n"excludenodes","n12"\n');
    write(dir, 'range', '# ours\ndeb\n');
    expect(await litehouse(dir, 'noderange', 'deb')).toEqual({
      status: 0,
      out: 'n11\n',
      err: 'left out by site.excludenodes: n12\n',
    });
    expect((await litehouse(dir, 'noderange', '^range')).out).toBe('n11\n');
    expect(await litehouse(dir, 'noderange', 'bad')).toMatchObject({
      status: 1,
      err: expect.stringContaining('tables/nodegroup.csv:3'),
    });
    // A node that is named by itself can be explained all the same.
    expect((await litehouse(dir, 'explain', 'n12')).status).toBe(0);
  });
});

describe('with ten thousand nodes', () => {
  const nodes = 10_000;
  const files = generateCluster({ nodes, seed: 7 });
  const name = (i: number) => nodeName(i, nodes);
  let dir = '';
  const rowsOf = (table: string) => tableRows(files.get(`tables/${table}.csv`) ?? '').rows;

  beforeAll(() => {
    expect(files.size).toBeGreaterThan(100);
  });

  test('the answers are right for every one of them', async () => {
    dir = temporary();
    for (const [path, text] of files) write(dir, path, text);
    const listed = JSON.parse(
      (await litehouse(dir, 'nodels', 'all', 'hosts.ip', 'mac.mac', 'noderes.nfsserver', '--json')).out,
    ) as {
      nodes: { node: string; values: Record<string, { text: string; at: string }> }[];
    };
    expect(listed.nodes.map(({ node }) => node)).toEqual(Array.from({ length: nodes }, (_, i) => name(i + 1)));
    const served = new Map(rowsOf('noderes').map((row, i) => [row[0], [row[4], `tables/noderes.csv:${i + 2}`]]));
    const wrong = listed.nodes.filter(({ node, values }, i) => {
      const [server, place = ''] = served.get(node) ?? served.get('all') ?? [];
      return (
        values['hosts.ip']?.text !== nodeAddress(i + 1) ||
        values['mac.mac']?.text !== nodeMac(i + 1) ||
        values['mac.mac']?.at !== `tables/mac.csv:${i + 2}:${node.length + 12}` ||
        values['noderes.nfsserver']?.text !== server ||
        !values['noderes.nfsserver']?.at.startsWith(`${place}:`)
      );
    });
    expect(wrong.slice(0, 2)).toEqual([]);

    const own = rowsOf('noderes')
      .slice(1)
      .flatMap((row) => row[0] ?? []);
    const folded = (await litehouse(dir, 'nodels', 'all', 'noderes.nfsserver', '--fold')).out.trimEnd().split('\n');
    expect(folded).toContain(`${foldNodes(own)}: cnfs`);
    expect(folded).toHaveLength(2);

    const members = rowsOf('nodelist').flatMap((row) => (row[1]?.split(',').includes('rack17') ? (row[0] ?? []) : []));
    expect((await litehouse(dir, 'noderange', 'rack17')).out.trimEnd().split('\n')).toEqual(members);
    expect((await litehouse(dir, 'noderange', 'nodepos.rack==17', '--fold')).out.trimEnd()).toBe(foldNodes(members));

    const ways = JSON.parse((await litehouse(dir, 'explain', 'all', '/etc/motd', '--json')).out) as {
      ways: { nodeCount: number }[];
    };
    expect(ways.ways.reduce((sum, { nodeCount }) => sum + nodeCount, 0)).toBe(nodes);
    const [overlay = ''] = [...files.keys()].filter((path) => /^syncdirs\/node\/.*\/etc\/motd$/.test(path));
    const [, , owner = ''] = overlay.split('/');
    const one = JSON.parse((await litehouse(dir, 'explain', owner, '/etc/motd', '--json')).out) as {
      supplies: { priority: string; found: { path: string } }[];
    };
    // The node's own tree is on the server that its noderes row names: only the management node's is ours.
    const ours = served.get(owner)?.[0] !== 'cnfs';
    expect(one.supplies.map(({ found }) => found.path === overlay)).toEqual([ours]);
  });
});

test('help of each has a sentence, an example and the exit statuses', async () => {
  for (const command of ['explain', 'nodels', 'noderange', 'import']) {
    const { status, out } = await litehouse('/', command, '--help');
    expect(status, command).toBe(0);
    expect(out, command).toMatch(/\n\n[A-Z].*\.?\n[\s\S]*\nExample:\n {2}\$ litehouse .*\n[\s\S]*Exit status: 0/);
  }
});
