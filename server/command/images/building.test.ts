/** What people see of a build under way, and how they end it: status, `status --watch`, `images stop`; and what is left of an image. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { litehouse, litehouseWith } from '../../../test/server/command-line.ts';
import { startTestServer, type TestServer } from '../../../test/server/harness.ts';
import { runCommandLine } from '../program.ts';

const plugin = fileURLToPath(new URL('../../../test/plugins/small-image.ts', import.meta.url));
const name = 'small1-x86_64-statelite-compute';
const clock = String.raw`(\d{4}-\d\d-\d\d )?\d\d:\d\d UTC`;

let server: TestServer;
let repository: string;
const word = (text: string): void => writeFileSync(join(repository, 'word'), text);
const run = (...args: string[]) => litehouse('/', ...args, '--dir', server.dir);
const builds = async () => {
  const status = JSON.parse((await run('status', '--json')).out) as { builds: { state: string; since?: string }[] };
  return status.builds;
};
async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
const isBuilding = async () => (await builds()).some(({ state }) => state === 'building');

beforeAll(async () => {
  repository = mkdtempSync(join(tmpdir(), 'litehouse-building-'));
  writeFileSync(join(repository, 'packages'), 'one 1\n');
  word('slow');
  const files = {
    'tables/osimage.csv': `#imagename,profile,provmethod,osvers,osarch\n"${name}","compute","statelite","small1","x86_64"\n`,
    'tables/linuximage.csv': `#imagename,build\n"${name}","yes"\n`,
    'tables/nodetype.csv': '#node,os,arch,profile,provmethod\n',
    'tables/chain.csv': '#node,currstate\n',
    'tables/litetree.csv': '#priority,image,directory\n',
    'custom/netboot/small/compute.pkglist': 'one\n',
  };
  server = await startTestServer({ settings: { images: 'rows', plugins: { [plugin]: { repository } } }, files });
});
afterAll(async () => {
  await server.stop();
  rmSync(repository, { recursive: true });
});

/** `status --watch` until the server stops; its lines so far. */
function watch(): { readonly lines: string[]; readonly over: Promise<number> } {
  const lines: string[] = [];
  const terminal = {
    ...{ out: (line: string) => void lines.push(line), err: () => undefined, colour: false, width: 100 },
    during: <T>(_: string, work: Promise<T>) => work,
  };
  const context = { terminal, cwd: '/', env: {}, systemDir: '/nonexistent', status: 0 as const };
  return { lines, over: runCommandLine(['status', '--watch', '--dir', server.dir], context, '0') };
}

// One cluster, one story: each test begins where the one before ended.
describe('a build under way', () => {
  test('is said with the time at which it began: in status as text and JSON, in images, and as it gets on by --watch', async () => {
    const { lines } = watch();
    await until(() => lines.length > 0);
    expect((await run('genimage', name, '--no-wait')).status).toBe(0);
    await until(isBuilding);
    await until(() => lines.some((line) => line.includes('50 %')));
    const [first] = await builds();
    expect(Math.abs(Date.parse(first?.since ?? '') - Date.now())).toBeLessThan(60_000);
    const line = (so: string) => new RegExp(`^build    small/base-\\S+: building since ${clock}, ${so}$`, 'm');
    expect((await run('status')).out).toMatch(line('50 %: waiting for another word'));
    // --watch prints the status a moment after what changed it: how far the build had got by then differs.
    await until(() => line('\\d+ %: .+').test(lines.join('\n')));
    expect((await run('images')).out).toMatch(new RegExp(`^${name} +building since ${clock}, 50 %`, 'm'));
    expect((await run('images', name)).out).toMatch(
      new RegExp(`^planned +base +\\w+  building since ${clock}, 50 %`, 'm'),
    );
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^\\d\\d:\\d\\d:\\d\\d building base ${name}$`)));
    expect(lines).toContainEqual(
      expect.stringMatching(new RegExp(`^\\d\\d:\\d\\d:\\d\\d building base ${name} since ${clock}, 50 %$`)),
    );
    word('');
    await until(() => lines.some((it) => it.endsWith(` built generation ${name}`)));
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(` built base ${name}$`)));
  });
});

describe('images stop', () => {
  const restart = async (): Promise<void> => {
    word('slow');
    // Another list, another base.
    const { status } = await run('chtab', `imagename=${name}`, `linuximage.kernelver=6.1.${++serial}`);
    expect(status).toBe(0);
    await until(isBuilding);
  };
  let serial = 0;

  test('ends a build, which has failed then with the name of who did it; genimage tries again', async () => {
    await restart();
    const { status, out } = await run('images', 'stop', name);
    expect([status, out]).toEqual([0, expect.stringContaining(`stopped base ${name}`)]);
    expect((await run('status')).out).toMatch(/: failed: stopped by \w+$/m);
    const again = await run('images', 'stop', name);
    expect([again.status, again.err]).toEqual([1, expect.stringContaining(`nothing of ${name} is being built`)]);
    word('');
    expect((await run('genimage', name)).status).toBe(0);
  });

  test('may be asked elsewhere by a token of scope admin, whose name is told then', async () => {
    const token = async (scope: string): Promise<Record<string, string>> => {
      const { out } = await run('token', 'add', `the-${scope}`, '--scope', scope);
      return { LITEHOUSE_SERVER: server.admin, LITEHOUSE_TOKEN: out.trim().split(/\s+/).at(-1) ?? '' };
    };
    const [pusher, admin] = [await token('push'), await token('admin')];
    await restart();
    const refused = await litehouseWith(pusher, '/', 'images', 'stop', name);
    expect([refused.status, refused.err]).toEqual([2, expect.stringContaining('a token of scope admin')]);
    expect(await isBuilding()).toBe(true);
    const { status, out } = await litehouseWith(admin, '/', 'images', 'stop', name, '--json');
    expect([status, JSON.parse(out)]).toMatchObject([0, { image: name, ok: true }]);
    expect((await run('status')).out).toContain('failed: stopped by the-admin');
    const wrong = await litehouseWith(admin, '/', 'images', 'stop', 'nothing');
    expect([wrong.status, wrong.err]).toEqual([1, expect.stringContaining("there is no image 'nothing'")]);
  });
});

describe('an image whose row is gone', () => {
  test('is listed with what is kept of it, why, its size, and how to let go of it; then it is gone', async () => {
    word('');
    expect((await run('genimage', name)).status).toBe(0);
    expect((await run('chtab', '-d', `imagename=${name}`, 'osimage', 'linuximage')).status).toBe(0);
    const left = new RegExp(
      `^${name} has no row any more: \\d generations?, \\d bases?, \\d kernels? with initrd \\([\\d.]+ [kM]B\\): kept for a revert$`,
      'm',
    );
    for (const words of [['images'], ['images', name]]) {
      const { out } = await run(...words);
      expect(out).toMatch(left);
      expect(out).toContain('litehouse images prune --all');
    }
    expect((await run('images')).out).toMatch(new RegExp(`^${name} +no row `, 'm'));
    expect((await run('images', 'prune', '--all')).status).toBe(0);
    expect((await run('images')).out).not.toContain(name);
  });
});
