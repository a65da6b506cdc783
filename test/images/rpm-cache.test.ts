/** Images whose repositories have one alias and packages of one name: each gets the package of its own repository, with its own content. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseNote } from '../../core/image/base/build-base.ts';
import { rhFamily } from '../../plugins/rh/index.ts';
import { slesFamily } from '../../plugins/sles/index.ts';
import { indexRpms, makeRpms } from '../fixtures/rpm-repository.ts';
import { RpmLab } from './rpm-lab.ts';

const lab = new RpmLab();
let server: Server;
let url: string;
/** Repositories of one package, `tool` 2-1, in a folder of each. */
const contents: Readonly<Record<string, readonly [folder: string, text: string]>> = {
  sub: ['noarch', 'of sub\n'],
  sub3: ['x86_64', 'of sub3, and longer\n'],
};
beforeAll(async () => {
  await lab.make([]);
  for (const [name, [folder, text]] of Object.entries(contents)) {
    const place = join(lab.install, name);
    mkdirSync(join(place, folder), { recursive: true });
    await makeRpms(join(place, folder), [{ name: 'tool', version: '2', files: { '/usr/share/tool': { text } } }]);
    indexRpms(place);
  }
  server = createServer((request, response) => {
    const path = join(lab.install, decodeURIComponent(request.url ?? ''));
    if (existsSync(path)) createReadStream(path).pipe(response);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  lab.remove();
});

describe.each([
  { family: rhFamily, os: 'rhels9.4', folder: 'rh' },
  { family: slesFamily, os: 'sles15.5', folder: 'sles' },
])('$family.name', ({ family, os, folder }) => {
  const build = async (pkgdir: string) => {
    const built = await lab.build(family, lab.files(os, folder, 'bash\ntool\n', { pkgdir }), { baseOnly: true });
    const note = baseNote.parse(JSON.parse(readFileSync(join(built.base, 'base.json'), 'utf8')));
    const tool = readFileSync(join(built.base, 'rootimg/usr/share/tool'), 'utf8');
    return { tool, states: note.repositories.map(({ digest }) => digest) };
  };
  const stateOf = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(lab.install, name, 'repodata/repomd.xml')))
      .digest('hex');

  it.each(['/install', 'http'])('takes a package from the repository that the commit names now: %s', async (where) => {
    const top = where === 'http' ? url : where;
    for (const name of ['sub', 'sub3', 'sub'])
      expect(await build(`${top}/${name},${top}/repository`)).toEqual({
        tool: contents[name]?.[1],
        states: [stateOf(name), stateOf('repository')],
      });
  });

  it('takes the content that the repository has now, where that has moved its package besides', async () => {
    const moving = join(lab.install, 'moving');
    for (const name of ['sub', 'sub3']) {
      renameSync(join(lab.install, name), moving);
      try {
        expect((await build(`${url}/moving,${url}/repository`)).tool).toBe(contents[name]?.[1]);
      } finally {
        renameSync(moving, join(lab.install, name));
      }
    }
  });
});
