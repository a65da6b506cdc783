import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { litehouse } from '../test/server/command-line.ts';
import { temporaryDirs } from '../test/server/temporary.ts';
import { diskTrouble, Failure, failureLines } from './command/failure.ts';
import { parseListenAddress, urlOf } from './listen-address.ts';
import { engineSettings, readSettings, settingsFileName } from './settings.ts';

const temporary = temporaryDirs();

async function withFile(text: string): Promise<string> {
  const dir = temporary();
  await writeFile(join(dir, settingsFileName), text);
  return dir;
}

async function failureOf(text: string): Promise<Failure> {
  const error: unknown = await readSettings(await withFile(text)).catch((thrown: unknown) => thrown);
  if (!(error instanceof Failure)) throw new Error(`no failure but ${String(error)}`);
  return error;
}

describe('settings', () => {
  test('need no file: everything lies below the directory, and listens on loopback only', async () => {
    const dir = temporary();
    const settings = await readSettings(dir);
    expect(settings.repository).toBe(join(dir, 'config.git'));
    expect([...settings.roots]).toEqual([
      ['tftp', join(dir, 'world/tftpboot')],
      ['install', join(dir, 'world/install')],
      ['exports', join(dir, 'world/exports.d')],
      ['syncdirs', join(dir, 'world/syncdirs')],
      ['state', join(dir, 'world/state')],
      ['dnsmasq', join(dir, 'world/dnsmasq')],
    ]);
    expect(settings.nodeListen).toEqual({ host: '127.0.0.1', port: 3001 });
    expect(settings.adminListen).toEqual({ host: '127.0.0.1', port: 3080 });
    expect(settings.tftpListen).toEqual({ host: '127.0.0.1', port: 6969 });
    expect(settings.reloads).toBe(false);
  });

  test('build the images whose rows ask for it, and only where root could give files their owners', async () => {
    const dir = temporary();
    expect((await readSettings(dir, {}, 1000)).images).toBe('external');
    expect((await readSettings(dir, {}, 0)).images).toBe('rows');
    expect((await readSettings(await withFile('{"images":"external"}'), {}, 0)).images).toBe('external');
  });

  test('take roots relative to their own file, and flags over the file', async () => {
    const dir = await withFile('{"roots":{"tftp":"boot","extra":"/srv/extra"},"adminListen":"10.0.0.1:80"}');
    const settings = await readSettings(dir, { admin: '[::1]:4080' });
    expect(settings.roots.get('tftp')).toBe(join(dir, 'boot'));
    expect(settings.roots.get('extra')).toBe('/srv/extra');
    expect(settings.adminListen).toEqual({ host: '::1', port: 4080 });
  });

  test('leave TFTP to others where they say off, in the file or by the flag', async () => {
    const dir = await withFile('{"tftpListen":"[::]:69"}');
    expect((await readSettings(dir)).tftpListen).toEqual({ host: '::', port: 69 });
    expect((await readSettings(dir, { tftp: 'off' })).tftpListen).toBeUndefined();
    const off = await withFile('{"tftpListen":"off"}');
    expect((await readSettings(off)).tftpListen).toBeUndefined();
    expect((await readSettings(off, { tftp: '127.0.0.1:7000' })).tftpListen).toEqual({ host: '127.0.0.1', port: 7000 });
    expect((await failureOf('{"tftpListen":"on"}')).code).toBe('LH903');
    await expect(readSettings(off, { tftp: 'nowhere' })).rejects.toThrow('--tftp nowhere: no address');
  });

  test('write what boot files point to before the boot files', async () => {
    const { roots } = engineSettings(await readSettings(temporary()));
    const rank = (name: string) => roots.find((root) => root.name === name)?.rank ?? Number.NaN;
    expect(rank('install')).toBeLessThan(rank('exports'));
    expect(rank('exports')).toBeLessThan(rank('tftp'));
  });

  test('refuse a key that they do not know, and name the one that was meant', async () => {
    const failure = await failureOf('{"adminListn":"127.0.0.1:1"}');
    expect(failure.code).toBe('LH902');
    expect(failure.what).toContain('"adminListn"');
    expect(failure.mend).toBe('write "adminListen"');
  });

  test('refuse a key that they do not know inside another', async () => {
    const failure = await failureOf('{"pushes":{"maxByte":1}}');
    expect([failure.code, failure.mend]).toEqual(['LH902', 'write "maxBytes"']);
    expect(failure.what).toContain('"pushes.maxByte"');
  });

  test('refuse a value of the wrong kind and name its key', async () => {
    expect((await failureOf('{"images":"yes"}')).what).toContain('"images"');
    expect((await failureOf('{"adminListen":"nowhere"}')).what).toContain('HOST:PORT');
    expect((await failureOf('{"plugins":{"rh":3}}')).what).toContain('"plugins.rh"');
    expect((await failureOf('[]')).code).toBe('LH903');
  });

  test('say where a file is no JSON', async () => {
    const failure = await failureOf('{\n  "reloads": true,\n}');
    expect(failure.code).toBe('LH901');
    expect(failure.what).toContain('litehouse.json:3:1');
  });

  test('refuse one port for both listeners, before anything is made', async () => {
    const wrong = [
      '{"adminListen":"127.0.0.1:3001"}',
      '{"nodeListen":"0.0.0.0:4000","adminListen":"10.0.0.1:4000"}',
      '{"nodeListen":"127.0.0.1:4000","adminListen":"[::]:4000"}',
      '{"nodeListen":"localhost:4000","adminListen":"4000"}',
    ];
    for (const text of wrong)
      expect(await failureOf(text), text).toMatchObject({
        code: 'LH903',
        mend: expect.stringContaining('another port'),
      });
    for (const text of [
      '{"nodeListen":"127.0.0.1:0","adminListen":"127.0.0.1:0"}',
      '{"nodeListen":"10.0.0.1:4000","adminListen":"127.0.0.1:4000"}',
      '{"nodeListen":"0.0.0.0:4000","adminListen":"[::1]:4000"}',
    ])
      await expect(readSettings(await withFile(text)), text).resolves.toBeDefined();
    const dir = join(temporary(), 'new');
    const said = await litehouse(temporary(), 'serve', '--dir', dir, '--node', '127.0.0.1:4001', '--admin', '4001');
    expect([said.status, said.err]).toEqual([2, expect.stringContaining('port 4001')]);
    expect(existsSync(dir)).toBe(false);
  });

  test('refuse a root whose name is nearly one of ours, and take those of other plugins', async () => {
    for (const [wrong, meant] of [
      ['tftpboot', 'tftp'],
      ['instal', 'install'],
      ['export', 'exports'],
      ['syncdir', 'syncdirs'],
    ]) {
      const failure = await failureOf(`{"roots":{"${wrong}":"/srv/x"}}`);
      expect([failure.code, failure.mend]).toEqual(['LH903', `did you mean "${meant}"?`]);
      expect(failure.what).toContain(`roots.${wrong}`);
    }
    for (const own of ['grub', 'dhcpd', 'zones', 'extra'])
      await expect(readSettings(await withFile(`{"roots":{"${own}":"/srv/x"}}`)), own).resolves.toBeDefined();
  });

  test('refuse a poll that no timer can wait for', async () => {
    expect((await failureOf('{"pollSeconds":2147484}')).what).toContain('pollSeconds');
    await expect(readSettings(await withFile('{"pollSeconds":86400}'))).resolves.toBeDefined();
  });

  test('refuse roots that lie in each other: they would prune each other', async () => {
    expect((await failureOf('{"roots":{"tftp":"/srv/a","install":"/srv/a/b"}}')).what).toContain('overlaps');
    expect((await failureOf('{"roots":{"tftp":"config.git/hooks"}}')).what).toContain('overlaps with the repository');
    expect((await failureOf('{"roots":{"tftp":"/"}}')).code).toBe('LH903');
    await expect(
      readSettings(await withFile('{"roots":{"tftp":"/srv/a","install":"/srv/ab"}}')),
    ).resolves.toBeDefined();
  });
});

test('a listen address is host and port, a bracketed IPv6 address and port, or a port on loopback', () => {
  expect(parseListenAddress('10.0.0.1:80')).toEqual({ host: '10.0.0.1', port: 80 });
  expect(parseListenAddress('[::]:80')).toEqual({ host: '::', port: 80 });
  expect(parseListenAddress('80')).toEqual({ host: '127.0.0.1', port: 80 });
  for (const wrong of ['', 'x', '::1:80', 'a:70000', 'a:b', 'http://a:1'])
    expect(parseListenAddress(wrong)).toBeUndefined();
  expect(urlOf({ host: '::', port: 80 })).toBe('http://[::1]:80');
  expect(urlOf({ host: '0.0.0.0', port: 80 })).toBe('http://127.0.0.1:80');
});

describe('failures', () => {
  test('are told as what, why and mend, without a stack', () => {
    const lines = failureLines(new Failure({ what: 'W', why: 'Y', mend: 'M', code: 'LH901' }), { debug: false });
    expect(lines).toEqual(['litehouse: LH901: W', '  why:  Y', '  mend: M']);
  });

  test('of the disk are no fault of litehouse: they say what to mend', () => {
    const error = Object.assign(new Error('EROFS: read-only file system, chmod /x'), { code: 'EROFS' });
    expect(failureLines(error, { debug: false })).toEqual([
      'litehouse: EROFS: read-only file system, chmod /x',
      '  mend: that filesystem is mounted read-only: remount it, after a look at why (dmesg)',
    ]);
  });

  test('of the disk are known in the words of a program, too, and told without its command line', () => {
    const said = 'git hash-object failed: exit 128: fatal: unable to write: No space left on device (command: git --x)';
    expect(failureLines(new Error(said), { debug: false })[1]).toBe(
      '  mend: free space on that filesystem (df -h, df -i)',
    );
    expect(diskTrouble(new Error(said))?.what).toBe('there is no space left on the disk');
    expect(diskTrouble(Object.assign(new Error('x'), { code: 'EROFS' }))?.what).toBe('the filesystem is read-only');
    expect(diskTrouble(new Error('boom'))).toBeUndefined();
  });

  test('that nobody expected show a stack only when it is asked for', () => {
    const error = new Error('boom');
    expect(failureLines(error, { debug: false }).join('\n')).not.toContain('settings.test.ts');
    expect(failureLines(error, { debug: true }).join('\n')).toContain('settings.test.ts');
  });
});
