import { readdirSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { readBootFile } from './boot-file.ts';
import type { NodeBootFacts } from './facts.ts';
import { checkNfs, mountOptionsOf } from './nfs.ts';
import { Probes, type Ran } from './probes.ts';
import { facts } from './testing/facts.ts';
import type { Visit } from './visit.ts';

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

/** A machine of the address 10.0.0.9 before a server that answers; `showmount` and `mount` say what a test gives them. */
class Machine extends Probes {
  readonly #shown: string;
  readonly #err: string;
  constructor(shown: string, err: string) {
    super();
    this.#shown = shown;
    this.#err = err;
  }
  override nfs = () => Promise.resolve({ ok: true } as const);
  override run = () => Promise.resolve<Ran>({ status: this.#shown === '' ? 1 : 0, out: this.#shown, err: '' });
  override mount = () => Promise.resolve<Ran>({ status: 32, out: '', err: this.#err });
  override cannotMount = () => Promise.resolve(undefined);
  override addresses = () => ['127.0.0.1', '10.0.0.9'];
}

/** What is found of an image below /install on 10.0.0.2, for a node of the address 10.0.0.1. */
async function found(
  given: { readonly shown?: string; readonly err?: string; readonly lhnfs?: string },
  of: Partial<NodeBootFacts> = {},
): Promise<string[]> {
  const words = `NFSROOT=10.0.0.2:/install/i${given.lhnfs === undefined ? '' : ` LHNFS=${given.lhnfs}`}`;
  const visit: Partial<Visit> = {
    ...{ facts: facts(of), house: { here: false } as Visit['house'], options: { whole: false, mount: true } },
    ...{
      probes: new Machine(given.shown ?? '', given.err ?? ''),
      boot: readBootFile('pxelinux', `KERNEL k\nAPPEND initrd=i ${words}\n`),
    },
  };
  return (await checkNfs(visit as Visit)).map(({ verdict, what }) => `${verdict}: ${what}`);
}

test('an export to names is not checked: the server alone knows whom they mean', async () => {
  for (const clients of ['*.cluster', '@nodes', 'n01', '10.0.7.0/24,n01']) {
    const all = await found({ shown: `/other 10.9.0.0/16\n/install ${clients}\n` });
    const named = clients.replace(/.*,/, '');
    expect(all).toContain(
      `not checked: whether the NFS server exports /install to it: that is for ${named}, and only the server knows whom that means`,
    );
    expect(all.filter((line) => line.startsWith('fault: the NFS server exports'))).toEqual([]);
  }
  expect(await found({ shown: '/install 10.0.7.0/24,10.0.0.7\n' })).toContain(
    'fault: the NFS server exports /install, but not to its address',
  );
  expect(await found({ shown: '/ 10.0.0.0/24\n' })).toContain('ok: the NFS server says that it exports /');
  expect(await found({ shown: '/other *.cluster\n' })).toContain(
    'fault: the NFS server exports neither /install/i nor what holds it',
  );
  expect(await found({ shown: '/install @nodes\n/install 10.0.0.0/24\n' })).toContain(
    'ok: the NFS server says that it exports /install',
  );
});

test('that version 4 has no such directory for a machine that is no client says nothing of nodes', async () => {
  const failed = (lines: readonly string[]) => lines.filter((line) => line.includes('mounting'));
  const hidden = 'mount: /x: special device 10.0.0.2:/install/i/rootimg does not exist.';
  const away = (err: string) => [
    `not checked: mounting /install/i/rootimg: the server does not let this machine in (${err}); nodes may fare better`,
  ];
  const fails = (err: string) => [`fault: mounting /install/i/rootimg fails: ${err}`];
  const four = { lhnfs: 'vers=4.2', err: hidden };
  expect(failed(await found(four))).toEqual(away(hidden));
  expect(failed(await found({ ...four, shown: '/install 10.0.0.1,@nodes\n' }))).toEqual(away(hidden));
  expect(failed(await found({ ...four, err: 'mount: x: No such file or directory' }))).toEqual(
    away('mount: x: No such file or directory'),
  );
  // A client would be shown it.
  expect(failed(await found({ ...four, shown: '/install 10.0.0.0/24\n' }))).toEqual(fails(hidden));
  const imageServer = { address: '10.0.0.2', target: 'mn' };
  const lines = [{ path: '/install', client: '10.0.0.0/24', mode: 'ro' as const }];
  expect(failed(await found(four, { imageServer, exports: [{ file: 'x', blob: '', lines }] }))).toEqual(fails(hidden));
  // Version 3 denies.
  expect(failed(await found({ err: hidden }))).toEqual(fails(hidden));
});
