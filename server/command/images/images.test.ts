/** The image commands against a server, one without a server, and their refusals; trees are built by test/plugins/small-image.ts. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { litehouse, litehouseWith } from '../../../test/server/command-line.ts';
import { startTestServer, type TestServer } from '../../../test/server/harness.ts';
import { temporaryDirs } from '../../../test/server/temporary.ts';

const temporary = temporaryDirs();
const plugin = fileURLToPath(new URL('../../../test/plugins/small-image.ts', import.meta.url));
const name = 'small1-x86_64-statelite-compute';

let server: TestServer;
let repository: string;

const files = {
  'tables/osimage.csv': '#imagename,profile,provmethod,osvers,osarch\n"other","other","statelite","small1","x86_64"\n',
  'tables/linuximage.csv': '#imagename,netdrivers,build\n"other","igb","no"\n',
  'tables/nodetype.csv': '#node,os,arch,profile,provmethod\n',
  'tables/chain.csv': '#node,currstate\n',
  'tables/litefile.csv':
    '#image,file,options\n"ALL","/etc/motd",\n"ALL","/etc/ssh/","persistent"\n"ALL","/etc/issue",\n"ALL","/var/new",\n',
  'tables/litetree.csv': '#priority,image,directory\n',
  'custom/netboot/small/compute.pkglist': 'one\ntwo\n',
  'custom/netboot/small/other.pkglist': 'one\n',
};

const packages = (...lines: string[]): void => writeFileSync(join(repository, 'packages'), `${lines.join('\n')}\n`);
const word = (text: string): void => writeFileSync(join(repository, 'word'), text);
const run = (...args: string[]) => litehouse('/', ...args, '--dir', server.dir);
const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).out);
const bare = (...args: string[]): string =>
  spawnSync('git', ['--git-dir', join(server.dir, 'config.git'), ...args], { encoding: 'utf8' }).stdout;
const head = (): string => bare('rev-parse', 'main').trim();

beforeAll(async () => {
  repository = mkdtempSync(join(tmpdir(), 'litehouse-images-'));
  packages('one 1', 'two 1');
  word('');
  server = await startTestServer({ settings: { images: 'rows', plugins: { [plugin]: { repository } } }, files });
});
afterAll(async () => {
  await server.stop();
  rmSync(repository, { recursive: true });
});

// One cluster, one story: each test begins where the one before ended.
describe('genimage', () => {
  test('without a terminal says what it has to be told, and what the repository has to choose from', async () => {
    const { status, err } = await run('genimage');
    expect(status).toBe(2);
    expect(err).toContain('genimage needs -o OS and -p PROFILE');
    expect(err).toMatch(/-o: .*small1/);
    expect((await run('genimage', '-o', 'small1')).err).toMatch(/-p: .*compute.*other/);
    expect((await run('genimage', '-o', 'small1', '-p', 'compute', '-m', 'install')).err).toContain('statelite');
  });

  test('shows in a dry run what its rows would do, and changes nothing', async () => {
    const before = head();
    const { status, out } = await run('genimage', '-o', 'small1', '-a', 'x86_64', '-p', 'compute', '--dry-run');
    expect([status, head()]).toEqual([0, before]);
    expect(out).toContain('nothing was changed');
  });

  test('refuses a cell that it knows cannot be built, and commits nothing', async () => {
    const before = head();
    const words = ['-o', 'small1', '-a', 'x86_64', '-p', 'compute', '-n', 'e1000;reboot'];
    for (const more of [[], ['--dry-run']]) {
      const { status, err } = await run('genimage', ...words, ...more);
      expect([status, head()]).toEqual([1, before]);
      expect(err).toMatch(/LH771.*e1000;reboot/);
      expect(err).toContain('nothing was changed');
    }
    expect((await run('images')).out).not.toContain(name);
  });

  test('refuses an image that no plugin would build before it writes a row, here and in a working copy', async () => {
    const before = head();
    const copy = join(temporary(), 'copy');
    spawnSync('git', ['clone', '-q', join(server.dir, 'config.git'), copy]);
    for (const more of [[], ['--dry-run'], ['--repo', copy], ['--repo', copy, '--dry-run']]) {
      const { status, err } = await run('genimage', '-o', 'aix7', '-p', 'compute', ...more);
      expect([status, head()], more.join()).toEqual([1, before]);
      expect(err).toMatch(/LH748.*aix7-\w+-statelite-compute.*no loaded plugin builds images of aix7/);
      expect(err).toContain('osvers is a word like debian12');
      expect(err).toContain('nothing was changed');
    }
    expect(spawnSync('git', ['-C', copy, 'status', '--porcelain'], { encoding: 'utf8' }).stdout).toBe('');
  });

  test('of a name that is not there says which was meant, and how a new one is made', async () => {
    const before = head();
    const wrong = await run('genimage', 'othre');
    expect([wrong.status, wrong.err]).toEqual([1, expect.stringContaining("there is no image 'othre'")]);
    expect(wrong.err).toContain(
      'did you mean other? A new one of that name: litehouse genimage othre -o OS -p PROFILE',
    );
    expect((await run('genimage', 'small1-x86_64-other')).err).toContain('did you mean other?');
    expect((await run('genimage', 'nothing-like-it')).err).toContain('there are: other');
    expect(head()).toBe(before);
  });

  test('ends with 1 where the build fails: command, last lines, list file, log; the rows stay', async () => {
    word('fail');
    const words = ['-o', 'small1', '-a', 'x86_64', '-p', 'compute', '-i', 'eth0', '-n', 'igb,bnx2', '-m', 'statelite'];
    const { status, err } = await run('genimage', ...words, '-permission', '777');
    expect(status).toBe(1);
    expect(err).toMatch(/build failed: small\/base-/);
    for (const text of ['E: no such package', 'command: pretended install', 'custom/netboot/small/compute.pkglist'])
      expect(err).toContain(text);
    const log = /whole log, on the server: (\S+)/.exec(err)?.[1] ?? '';
    expect(readFileSync(log, 'utf8')).toContain('E: no such package');
    expect(bare('show', 'main:tables/osimage.csv')).toContain(`"${name}","compute","statelite","small1","x86_64"`);
    const row = bare('show', 'main:tables/linuximage.csv');
    for (const text of ['"eth0"', '"igb,bnx2"', '"777"', '"yes"']) expect(row).toContain(text);
    expect(bare('log', '-1', '--format=%s', 'main')).toContain(`genimage ${name} nodebootif=eth0`);
  });

  test('says in status which image is asked for, and where the log of the failed build is', async () => {
    const { out } = await run('status');
    expect(out).toContain(name);
    expect(out).toMatch(/^ +log: .*\/builds\/[0-9a-f]+\.log$/m);
    expect(out).toContain(`asked    ${name}`);
    const log = await run('images', 'log', name);
    expect([log.status, log.out]).toEqual([0, expect.stringContaining('E: no such package')]);
    expect((await run('images')).out).toMatch(new RegExp(`${name} +failed, asked for`));
  });

  test('asked again commits nothing, builds what failed, and shows what came of it', async () => {
    word('');
    const before = head();
    const { status, out, err } = await run('genimage', name);
    expect([status, head()]).toEqual([0, before]);
    expect(err).toMatch(/built generation small1/);
    expect(out).toMatch(/^packages +2$/m);
    expect(out).toMatch(/^boot .*kernel 6\.1\.0-test$/m);
    expect(out).toMatch(/^size +[\d.]+ kB$/m);
    expect(out).toMatch(/^links +4 entries$/m);
    expect(out).toContain('/etc/motd  -> ../.statelite/tmpfs/etc/motd -> ../../../.default/etc/motd');
    expect(out).toContain(`no node has it: litehouse nodeset NODERANGE statelite=${name}`);
    const where = /^where +(\S+)$/m.exec(out)?.[1] ?? '';
    expect(readlinkSync(join(where, 'etc/motd'))).toBe('../.statelite/tmpfs/etc/motd');
  });

  test('tells programs the same as JSON on stdout', async () => {
    const found = await json('genimage', name);
    expect(found).toMatchObject({ ok: true, image: name, packages: 2, kernel: '6.1.0-test' });
    expect(found.links).toHaveLength(4);
  });

  test('takes the values of an image that is there, and changes only what is asked', async () => {
    const before = head();
    expect(
      (await run('genimage', '-o', 'small1', '-a', 'x86_64', '-p', 'compute', '-n', 'igb', '--no-wait')).status,
    ).toBe(0);
    expect(bare('diff', '--numstat', before, 'main').trim()).toBe('1\t1\ttables/linuximage.csv');
  });

  test('is refused like a push where the rows make no sense', async () => {
    const before = head();
    const { status, err } = await run('genimage', '-o', 'small1', '-a', 'x86_64', '-p', '../etc');
    expect([status, head()]).toEqual([1, before]);
    expect(err).toContain('nothing was changed');
  });
});

describe('liteimg', () => {
  test('prints both levels of each link, what /.default has, and what was missing or a link', async () => {
    const { status, out } = await run('liteimg', name);
    expect(status).toBe(0);
    expect(out).toContain("/etc/motd  -> ../.statelite/tmpfs/etc/motd -> ../../../.default/etc/motd: the image's file");
    expect(out).toMatch(/\/etc\/issue .*: a symbolic link to motd, kept/);
    expect(out).toMatch(/\/var\/new .*: an empty file: the image has none/);
    expect(out).toMatch(/bind\+persistent +\/etc\/ssh\/ +mounted over|link\+persistent +\/etc\/ssh\/ +->/);
    expect(out).toMatch(/^4 entries$/m);
  });

  test('takes the name as the cookbook writes it, and its three parts', async () => {
    const { out } = await run('liteimg', name);
    expect((await run('liteimg', 'small1-x86_64-compute')).out).toBe(out);
    expect((await run('liteimg', '-o', 'small1', '-a', 'x86_64', '-p', 'compute')).out).toBe(out);
    const wrong = await run('liteimg', 'small1-x86_64-comput');
    expect([wrong.status, wrong.err]).toEqual([1, expect.stringContaining('there is no image')]);
    expect((await run('liteimg', '-o', 'small1')).status).toBe(2);
  });

  test('has the generation of the rows as they stand built first', async () => {
    await run('chtab', 'image=ALL', 'file=/etc/added', 'litefile.options=');
    const { status, out } = await run('liteimg', name);
    expect([status, out]).toEqual([0, expect.stringContaining('/etc/added')]);
  });

  test('says of an external image how to link its tree', async () => {
    const { status, err } = await run('liteimg', 'other');
    expect([status, err]).toEqual([1, expect.stringContaining('--tree DIR')]);
  });
});

describe('liteimg --tree', () => {
  const tree = (): string => {
    const dir = temporary();
    for (const folder of ['etc/ssh', 'usr']) mkdirSync(join(dir, folder), { recursive: true });
    writeFileSync(join(dir, 'etc/motd'), 'mine\n');
    return dir;
  };

  test("links a tree of one's own by difference, says first what it would do, and takes it all out again", async () => {
    const root = tree();
    const before = spawnSync('find', [root, '-printf', '%P %y %l\n'], { encoding: 'utf8' }).stdout;
    const dry = await run('liteimg', 'other', '--tree', root, '--dry-run');
    expect([dry.status, dry.out]).toEqual([0, expect.stringContaining('+ /etc/motd  link')]);
    expect(existsSync(join(root, '.default'))).toBe(false);
    const done = await run('liteimg', 'other', '--tree', root);
    expect([done.status, done.out]).toEqual([0, expect.stringContaining('5 added')]);
    expect(readFileSync(join(root, '.default/etc/motd'), 'utf8')).toBe('mine\n');
    expect((await run('liteimg', 'other', '--tree', root)).out).toContain('5 unchanged');
    expect((await run('liteimg', 'other', '--tree', root, '--undo')).out).toContain('5 removed');
    expect(spawnSync('find', [root, '-printf', '%P %y %l\n'], { encoding: 'utf8' }).stdout).toBe(before);
  });

  test('refuses what is no root tree, the root of this machine, and trees that litehouse keeps', async () => {
    const none = temporary();
    mkdirSync(join(none, 'rootimg/etc'), { recursive: true });
    mkdirSync(join(none, 'rootimg/usr'));
    const refused = async (dir: string): Promise<string> => {
      const { status, err } = await run('liteimg', 'other', '--tree', dir);
      expect(status).toBe(2);
      return err;
    };
    expect(await refused(none)).toContain(`did you mean ${join(none, 'rootimg')}?`);
    expect(await refused('/')).toContain('root of this machine');
    expect(await refused(join(none, 'absent'))).toContain('no such directory');
    const { directory } = await json('liteimg', name);
    expect(await refused(join(directory, 'rootimg'))).toContain('root install of litehouse');
    const way = join(none, 'way');
    symlinkSync(join(directory, 'rootimg'), way);
    expect(await refused(way)).toContain('root install of litehouse');
    expect((await run('liteimg', name, '--undo')).status).toBe(2);
  });
});

describe('images', () => {
  test('lists each image with state, generation, packages and nodes, and one with all that is on the disk and why', async () => {
    const { status, out } = await run('images');
    expect(status).toBe(0);
    expect(out).toMatch(
      new RegExp(
        `^${name} +ready, asked for +[0-9a-f]+ +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d +[\\d.]+ kB +2 +0 +0$`,
        'm',
      ),
    );
    expect(out).toMatch(/^other +external/m);
    const one = await run('images', name);
    expect(one.out).toMatch(/^on disk +base .*UTC/m);
    expect(one.out).toMatch(/kept: /);
    expect(one.out).toMatch(/^planned +generation .*present$/m);
    const none = await run('images', 'nothing');
    expect([none.status, none.err]).toEqual([1, expect.stringContaining('there are: other')]);
  });

  test('says whether repositories have something newer, and what it is when they are away', async () => {
    expect((await run('images', name, '--outdated')).out).toMatch(/^outdated +no$/m);
    packages('one 1', 'two 2', 'three 1');
    expect((await run('images', '--outdated')).out).toMatch(/mirror of 2026-11-23/);
    word('away');
    expect((await run('images', name, '--outdated')).out).toContain('not known: the repository cannot be reached');
    expect((await run('images', 'update', name)).status).toBe(1);
    word('');
  });

  test('update takes in what repositories have as a commit of one file; again it does nothing', async () => {
    const old = (await json('images', name)).planned.base;
    const before = head();
    const dry = await run('images', 'update', name, '--dry-run');
    expect([dry.status, head()]).toEqual([0, before]);
    expect(dry.out).toContain('newer: mirror of 2026-11-23');
    expect((await run('images', 'update', name)).status).toBe(0);
    expect(bare('diff', '--name-only', before, 'main').trim()).toBe(`images/${name}/taken`);
    expect(bare('log', '-1', '--format=%s', 'main').trim()).toBe(`images update ${name}`);
    expect((await run('liteimg', name)).status).toBe(0);
    const again = await run('images', 'update', name);
    expect([again.status, again.out]).toEqual([0, expect.stringContaining('nothing was changed')]);
    const found = await json('images', 'diff', old, name);
    expect(found.packages).toEqual({
      added: ['three.all 1'],
      removed: [],
      changed: [{ name: 'two.all', from: '1', to: '2' }],
    });
    expect((await run('images', 'diff', old.slice(0, 10), name)).out).toContain('~ two.all 1 -> 2');
    expect((await run('images', 'diff', 'abc', name)).status).toBe(1);
  });

  test('lock writes the versions of the base that is there; update rewrites them; --off removes the file', async () => {
    expect((await run('images', 'lock', name)).status).toBe(0);
    const lock = (): string => bare('show', `main:images/${name}/lock`);
    expect(lock().replace(/^#.*\n/gm, '')).toBe('one 1\nthree 1\ntwo 2\n');
    expect((await run('liteimg', name)).status).toBe(0);
    expect((await run('images', 'lock', name)).out).toContain('nothing was changed');
    packages('one 3', 'two 2', 'three 1');
    const update = await run('images', 'update', name);
    expect([update.status, update.out]).toEqual([0, expect.stringContaining('~ one 1 -> 3')]);
    expect(lock()).toContain('\none 3\n');
    expect((await run('images', 'update', name)).out).toContain('nothing was changed');
    packages();
    const before = head();
    const none = await run('images', 'update', name);
    expect([none.status, head()]).toEqual([1, before]);
    expect(none.err).toContain(`the repositories give no packages of ${name}`);
    expect((await run('images', 'lock', name, '--off')).status).toBe(0);
    expect(bare('ls-tree', '-r', '--name-only', 'main', `images/${name}/`).trim()).toBe(`images/${name}/taken`);
    expect((await run('images', 'lock', name, '--off')).out).toContain('has no lock');
  });

  test('lock refuses a base in whose record no package is: it would hold nothing', async () => {
    expect((await run('images', 'update', name)).status).toBe(0);
    expect((await run('liteimg', name)).status).toBe(0);
    const before = head();
    const { status, err } = await run('images', 'lock', name);
    expect([status, head()]).toEqual([1, before]);
    expect(err).toMatch(/the record of base \w+ has no packages of small1/);
    packages('one 3', 'two 2', 'three 1');
  });

  test('prune says what it would do and why the rest stays; forget takes back what genimage asked for', async () => {
    const { status, out } = await run('images', 'prune', '--dry-run', '--all');
    expect([status, out]).toEqual([0, expect.stringContaining('would go')]);
    expect((await run('images', 'forget', name)).status).toBe(0);
    expect((await run('images', 'forget', name)).status).toBe(1);
    expect((await json('status')).asked).toEqual([]);
  });

  test('may be asked elsewhere by a token of the right scope, and refuses others', async () => {
    const token = async (scope: string): Promise<Record<string, string>> => {
      const { out } = await run('token', 'add', scope, '--scope', scope);
      return { LITEHOUSE_SERVER: server.admin, LITEHOUSE_TOKEN: out.trim().split(/\s+/).at(-1) ?? '' };
    };
    const [reader, admin] = [await token('read'), await token('admin')];
    expect((await litehouseWith(reader, '/', 'images')).out).toContain(name);
    // What is there may be read; a build takes more.
    expect((await litehouseWith(reader, '/', 'liteimg', name)).status).toBe(0);
    const built = await litehouseWith(admin, '/', 'genimage', name);
    expect([built.status, built.out]).toEqual([0, expect.stringMatching(/^links +5 entries$/m)]);
    const refused = await litehouseWith(reader, '/', 'genimage', name);
    expect([refused.status, refused.err]).toEqual([2, expect.stringContaining('a token of scope admin')]);
  });

  test('explain says who builds an image, from which lists', async () => {
    const { out } = await run('explain', name);
    expect(out).toMatch(/^built by +small$/m);
    expect(out).toContain('custom/netboot/small/compute.pkglist');
  });

  test('works where no server runs, too: the build is followed in the command itself', async () => {
    const dir = temporary();
    const settings = { images: 'rows', plugins: { [plugin]: { repository } } };
    const own = await startTestServer({ dir, settings, files });
    await own.stop();
    const found = await litehouse('/', 'genimage', '-o', 'small1', '-a', 'x86_64', '-p', 'compute', '--dir', dir);
    expect([found.status, found.out]).toEqual([0, expect.stringMatching(/^links +4 entries$/m)]);
    expect((await litehouse('/', 'images', '--dir', dir)).out).toMatch(new RegExp(`^${name} +ready`, 'm'));
  });
});
