import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installedLitehouse, litehouse, litehouseWith } from '../../test/server/command-line.ts';
import { temporaryDirs } from '../../test/server/temporary.ts';

const temporary = temporaryDirs();

/** A server's directory whose cluster has a site key that tells it from others. */
async function serverOf(dir: string, mark: string): Promise<string> {
  expect((await litehouse('/', 'init', '--dir', dir)).status).toBe(0);
  const words = ['key=mark', `site.value=${mark}`, '--dir', dir];
  expect(await litehouse('/', 'chtab', ...words)).toMatchObject({ status: 0, err: '' });
  return dir;
}

describe('the directory that a command is about', () => {
  test('is the one of --dir, else of LITEHOUSE_DIR, else ./var, else the installed one', async () => {
    const cwd = temporary();
    const installed = await serverOf(join(temporary(), 'installed'), 'installed');
    const named = await serverOf(join(temporary(), 'named'), 'named');
    const environment = await serverOf(join(temporary(), 'environment'), 'environment');
    const mark = async (env: Record<string, string>, ...args: string[]) =>
      /"mark","(\w+)"/.exec((await installedLitehouse(installed, env, cwd, 'tabdump', 'site', ...args)).out)?.[1];
    expect(await mark({ LITEHOUSE_DIR: environment }, '--dir', named)).toBe('named');
    expect(await mark({ LITEHOUSE_DIR: environment })).toBe('environment');
    expect(await mark({})).toBe('installed');
    // In / there is a /var: what is no server's directory is none to be preferred.
    mkdirSync(join(cwd, 'var'));
    expect(await mark({})).toBe('installed');
    await serverOf(join(cwd, 'var'), 'here');
    expect(await mark({})).toBe('here');
    expect(await mark({ LITEHOUSE_DIR: environment })).toBe('environment');
  });

  test('is so for commands that change something, too', async () => {
    const installed = await serverOf(join(temporary(), 'installed'), 'installed');
    const named = await serverOf(join(temporary(), 'named'), 'named');
    const change = ['chtab', 'key=mark', 'site.value=changed'];
    const environments: Record<string, string>[] = [{}, { LITEHOUSE_DIR: named }];
    for (const env of environments) {
      const { status, err } = await installedLitehouse(installed, env, temporary(), ...change);
      expect([status, err]).toEqual([0, '']);
    }
    for (const dir of [installed, named])
      expect((await litehouse('/', 'tabdump', 'site', '--dir', dir)).out).toContain('"mark","changed"');
    const editor = { EDITOR: 'sed -i s/changed/edited/', LITEHOUSE_DIR: named };
    expect((await litehouseWith(editor, temporary(), 'tabedit', 'site')).status).toBe(0);
    expect((await litehouse('/', 'tabdump', 'site', '--dir', named)).out).toContain('"mark","edited"');
  });

  test('is named where it is none, and so is how to name another', async () => {
    const cwd = temporary();
    const installed = temporary();
    const cases: [env: Record<string, string>, dir: string][] = [
      [{}, installed],
      [{ LITEHOUSE_DIR: 'elsewhere' }, join(cwd, 'elsewhere')],
    ];
    for (const [env, dir] of cases) {
      for (const args of [['status'], ['nodels'], ['nodeset', 'n01', 'boot']]) {
        const { status, err } = await installedLitehouse(installed, env, cwd, ...args);
        expect([status, err], args.join(' ')).toEqual([2, expect.stringContaining(dir)]);
        expect(err, args.join(' ')).toContain('LITEHOUSE_DIR');
      }
    }
    expect((await litehouse(cwd, 'nodels')).err).toContain(join(cwd, 'var'));
  });
});
