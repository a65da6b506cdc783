import { readdirSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { mountOptionsOf } from './nfs.ts';
import { Probes } from './probes.ts';

const temporary = temporaryDirs();
afterEach(() => vi.unstubAllEnvs());

test("a mount from here has the options of the node's initrd, and short patience", () => {
  expect(mountOptionsOf('10.0.0.1', undefined)).toBe(
    'ro,vers=3,nolock,noacl,proto=tcp,mountproto=tcp,soft,timeo=15,retrans=1,addr=10.0.0.1,mountaddr=10.0.0.1',
  );
  expect(mountOptionsOf('fd00::1', 'vers=4.2,port=2050')).toBe(
    'ro,vers=4.2,port=2050,soft,timeo=15,retrans=1,proto=tcp6,addr=fd00::1',
  );
});

test('a mount that fails says why, is tried once for many nodes, and leaves nothing behind', async () => {
  const dir = temporary();
  vi.stubEnv('TMPDIR', dir);
  const probes = new Probes();
  const once = probes.mount('127.0.0.1:/x/rootimg', 'ro,soft,timeo=5,retrans=1,port=1,mountport=1,addr=127.0.0.1');
  expect(probes.mount('127.0.0.1:/x/rootimg', 'ro,soft,timeo=5,retrans=1,port=1,mountport=1,addr=127.0.0.1')).toBe(
    once,
  );
  const { status, err } = await once;
  expect([status, err.trim()]).not.toEqual([0, expect.anything()]);
  expect(err.trim()).not.toBe('');
  expect(readdirSync(dir)).toEqual([]);
});
