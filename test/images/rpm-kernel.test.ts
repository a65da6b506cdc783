/** What an image boots, and what its exlist and its script may take away: real builds of both families of RPMs. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseNote } from '../../core/image/base/build-base.ts';
import { rpmDatabase } from '../../core/image/rpm/database.ts';
import { rhFamily } from '../../plugins/rh/index.ts';
import { slesFamily } from '../../plugins/sles/index.ts';
import { kernelVersion } from '../fixtures/rpm-repository.ts';
import { type Built, RpmLab } from './rpm-lab.ts';

const lab = new RpmLab();
beforeAll(() => lab.make([]));
afterAll(() => lab.remove());

const noteOf = (built: Built) => baseNote.parse(JSON.parse(readFileSync(join(built.base, 'base.json'), 'utf8')));
const list = 'bash\ncoreutils\nkernel-core\n';
const script = (text: string) => ({ text: `#!/bin/bash\nset -e\n${text}\n`, mode: '100755' as const });

describe.each([
  { family: rhFamily, os: 'rhels9.4', folder: 'rh' },
  { family: slesFamily, os: 'sles15.5', folder: 'sles' },
])('$family.name', ({ family, os, folder }) => {
  const failure = (cells: Readonly<Record<string, string>>, more = {}) =>
    lab.build(family, lab.files(os, folder, list, cells, more), { baseOnly: true }).then(
      () => 'it was built',
      (error: Error) => error.message,
    );

  it('an exlist leaves the kernel that nodes boot, and the record of packages is what was taken for the lists', async () => {
    const exlist = './boot*\n./usr/include*\n./lib/modules*\n./usr/lib/modules*\n./usr/lib/sysimage*\n./var*\n';
    const built = await lab.build(
      family,
      lab.files(os, folder, list, {}, { [`custom/netboot/${folder}/compute.exlist`]: exlist }),
    );
    expect(existsSync(join(built.base, 'rootimg', rpmDatabase(os).path))).toBe(false);
    expect(noteOf(built)).toMatchObject({ kernelVersion });
    expect(noteOf(built).packages.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['bash', 'coreutils', 'filesystem', 'kernel-core']),
    );
    expect(readFileSync(join(built.boot ?? '', 'kernel'), 'utf8')).toBe('a kernel');
    expect(built.log).toContainEqual(
      expect.stringMatching(new RegExp(`^\\d files of kernel ${kernelVersion} stay though custom/.*compute.exlist`)),
    );
  });

  it('a kernel that no repository has is a fault of the cell that names it, and of no list', async () => {
    const text = await failure({ kernelver: '9.9.9-1.x86_64' });
    expect(text).toMatch(/linuximage\.kernelver '9\.9\.9-1\.x86_64' \(tables\/linuximage\.csv:2\) asks for kernel/);
    expect(text).not.toContain('is in no list');
  });

  it('a kernel that was laid in without modules is one, too', async () => {
    const text = await failure({ kernelver: '9.9.9' }, { 'images/compute/rootimg/boot/vmlinuz-9.9.9': 'a kernel' });
    expect(text).toMatch(
      /linuximage\.kernelver '9\.9\.9' \(tables\/linuximage\.csv:2\): kernel 9\.9\.9 has no modules/,
    );
  });
});

describe('a script of an image', () => {
  const name = 'custom/netboot/rh/compute.postinstall';
  const files = (text: string, cells: Readonly<Record<string, string>> = {}) =>
    lab.files('rhels9.4', 'rh', list, cells, { [name]: script(text) });
  const build = (...args: Parameters<typeof files>) => lab.build(rhFamily, files(...args), { baseOnly: true });

  it('that takes the kernel out is named', async () => {
    await expect(build('rm -rf "$1/boot"')).rejects.toThrow(
      `kernel ${kernelVersion} was in the image, and ${name} took it or its modules out`,
    );
  });

  it('that replaces /.statelite, where the links of litefile rows go, is named', async () => {
    await expect(build('ln -s etc "$1/.statelite"')).rejects.toThrow(
      new RegExp(`^${name} put a link at /.statelite, where`),
    );
  });

  describe('with scriptnetwork', () => {
    const servers: Server[] = [];
    const outside = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
    const listen = async (host: string) => {
      const server = createServer((socket) => socket.end('REACHED\n'));
      servers.push(server);
      server.listen(0, host);
      await once(server, 'listening');
      const address = server.address();
      return `${host}/${typeof address === 'object' ? address?.port : ''}`;
    };
    afterAll(() => {
      for (const server of servers) server.close();
    });

    it.skipIf(outside === undefined && process.env.CI !== 'true')(
      'reaches the network, a server on an address of this host too, and no loopback; without it nothing',
      async () => {
        const [near, far] = [await listen('127.0.0.1'), await listen(outside ?? '')];
        const [, port = ''] = near.split('/');
        // Silence proves something of the others alone.
        const asks = [far, near, `10.0.2.2/${port}`]
          .map((place) => [place, `timeout ${place === far ? 60 : 5} bash -c 'cat < /dev/tcp/${place}'`])
          .map(([place, ask]) => `echo "${place}: $(${ask} 2>&1 | tail -n 1)"`)
          .join('\n');
        const answers = async (cells: Readonly<Record<string, string>>) => {
          const built = await build(`{\n${asks}\n} > "$1/answers"`, cells);
          return readFileSync(join(built.base, 'rootimg/answers'), 'utf8');
        };
        const reached = await answers({ scriptnetwork: 'yes' });
        expect(reached.match(/^.*REACHED$/gm)).toEqual([`${far}: REACHED`]);
        expect(await answers({})).not.toContain('REACHED');
      },
    );
  });
});
