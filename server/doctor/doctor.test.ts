import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { litehouse, litehouseWith, patientLitehouse } from '../../test/server/command-line.ts';
import { startTestServer, type TestServer } from '../../test/server/harness.ts';
import type { NodeDiagnosis } from './examine.ts';
import type { Finding, Verdict } from './finding.ts';

/** Answers the null call of NFS as a server does, and nothing else. */
function nfsServer(host: string, port = 0): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (call) => {
      const words = [0x8000_0000 + 24, call.readUInt32BE(4), 1, 0, 0, 0, 0];
      const reply = Buffer.alloc(words.length * 4);
      for (const [i, word] of words.entries()) reply.writeUInt32BE(word, i * 4);
      socket.write(reply);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

const image = 'netboot/rhels5.4/x86_64/compute';
const macOf = (n: number): string => `52:54:00:00:00:0${n}`;

function files(nfsPort: number): Record<string, string> {
  const rows = (header: string, ...lines: string[]): string => `${[header, ...lines].join('\n')}\n`;
  return {
    'tables/nodelist.csv': rows('#node,groups', ...[1, 2, 3].map((n) => `n0${n},"rhel,newyork,compute,all"`)),
    'tables/hosts.csv': rows(
      '#node,ip',
      'mn,127.0.0.1',
      'cnfs,127.0.0.2',
      ...[1, 2, 3].map((n) => `n0${n},127.0.1.1${n}`),
    ),
    'tables/mac.csv': rows('#node,interface,mac', ...[1, 2, 3].map((n) => `n0${n},eth0,${macOf(n)}`)),
    'tables/noderes.csv': rows('#node,netboot,nfsserver,xcatmaster', 'compute,pxe,127.0.0.1,127.0.0.1'),
    'tables/networks.csv': rows(
      '#netname,net,mask,dhcpserver,tftpserver',
      'lo,127.0.0.0,255.0.0.0,127.0.0.1,127.0.0.1',
    ),
    'tables/site.csv': rows('#key,value', 'master,127.0.0.1', 'installdir,/install', 'xcatdport,3001'),
    'tables/litetree.csv': rows(
      '#priority,image,directory',
      '1,,$noderes.nfsserver:/syncdirs/$node',
      '2,,127.0.0.1:/syncdirs/$nodepos.room/$nodetype.os/$nodetype.arch/$nodetype.profile',
      '3,,cnfs:/gpfs/dallas',
    ),
    'tables/statelite.csv': rows('#node,image,statemnt', 'rhel,,$noderes.nfsserver:/lite/state'),
    'tables/linuximage.csv': rows('#imagename,addkcmdline', `rhels5.4-x86_64-statelite-compute,LHNFS=port=${nfsPort}`),
  };
}

let server: TestServer;
let nfs: Server[];

const world = (...parts: string[]): string => join(server.dir, 'world', ...parts);
const put = (path: string, content: string | Buffer): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
};

beforeAll(async () => {
  const here = await nfsServer('127.0.0.1');
  const { port } = here.address() as AddressInfo;
  nfs = [here, await nfsServer('127.0.0.2', port)];
  server = await startTestServer({ settings: { images: 'external' }, files: files(port) });
  // The port of the node listener is known only now.
  const xcatdport = new URL(server.node).port;
  await edit({ kind: 'chtab', key: { key: 'xcatdport' }, set: { site: { value: xcatdport } } });
  put(world('tftpboot/pxelinux.0'), Buffer.alloc(42_000, 'p'));
  put(world('tftpboot/ldlinux.c32'), Buffer.alloc(100_000, 'l'));
  put(world('tftpboot/xcat', image, 'kernel'), Buffer.concat([Buffer.from('MZ'), Buffer.alloc(300_000, 'k')]));
  put(
    world('tftpboot/xcat', image, 'initrd.gz'),
    Buffer.concat([Buffer.from('1f8b', 'hex'), Buffer.alloc(150_000, 'i')]),
  );
  for (const name of ['.statelite', 'proc', 'sys', 'dev'])
    mkdirSync(world('install', image, 'rootimg', name), { recursive: true });
});
afterAll(async () => {
  await server.stop();
  for (const one of nfs) one.close();
});

async function edit(command: unknown): Promise<void> {
  const response = await fetch(`${server.admin}/edit`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ command }),
  });
  const outcome = (await response.json()) as { outcome: string; lines: string[] };
  if (outcome.outcome !== 'applied') throw new Error(`${outcome.outcome}: ${outcome.lines.join('\n')}`);
}

const doctor = (...args: string[]) =>
  patientLitehouse(server.dir, 'doctor', ...args, '--no-mount', '--dir', server.dir);
const repair = () => litehouse(server.dir, 'apply', '--repair', '--dir', server.dir);

async function examined(
  ...args: string[]
): Promise<{ readonly status: number; readonly nodes: readonly NodeDiagnosis[] }> {
  const { status, out, err } = await doctor(...args, '--json');
  if (out === '') throw new Error(err);
  return { status, nodes: (JSON.parse(out) as { nodes: NodeDiagnosis[] }).nodes };
}

/** Findings of one node of a verdict. */
async function found(verdict: Verdict, node = 'n01', ...args: string[]): Promise<readonly Finding[]> {
  const { nodes } = await examined(node, ...args);
  return nodes.flatMap(({ findings }) => findings.filter((finding) => finding.verdict === verdict));
}

const boot = (name: string): string => world('tftpboot/pxelinux.cfg', name);
const macName = (n: number): string => `01-${macOf(n).replaceAll(':', '-')}`;

describe('all is well', () => {
  test('ends with 0, says of each step what was looked at, and warns of the port that only a trial uses', async () => {
    const { status, nodes } = await examined('n01');
    const [node] = nodes;
    const of = (verdict: Verdict) => node?.findings.filter((finding) => finding.verdict === verdict) ?? [];
    expect(of('fault')).toEqual([]);
    expect([status, node?.verdict]).toEqual([0, 'warning']);
    expect(of('warning').map(({ what }) => what)).toEqual([
      expect.stringContaining('it asks 127.0.0.1:69, but litehouse serves'),
    ]);
    expect([...new Set(of('ok').map(({ step }) => step))]).toEqual(['tables', 'tftp', 'http', 'nfs', 'directories']);
    const ok = of('ok')
      .map(({ what, detail }) => `${what} ${detail ?? ''}`)
      .join('\n');
    expect(ok).toContain('pxelinux.0: 42000 bytes');
    expect(ok).toContain(`its boot file is what the plan says pxelinux.cfg/${macName(1)}`);
    expect(ok).toContain('kernel: 300002 bytes, its first');
    expect(ok).toContain('it refuses this machine, which is no node: no node has the address 127.0.0.1');
    expect(ok).toMatch(/its answer: commit [0-9a-f]{10}, generation \w+, \d+ entries, 3 trees/);
    expect(ok).toContain(`the tree ${world('install', image, 'rootimg')} is there`);
    expect(ok).toMatch(/state\/lite\/state\/n01, owner \d+:\d+, mode 0755/);
    expect(of('not checked').map(({ step }) => step)).toEqual(['dhcp', 'nfs', 'nfs', 'reports']);
  });

  test('the text is in the order of the boot', async () => {
    const { out } = await doctor('n01');
    const steps = out.split('\n').filter((line) => /^[a-z]+$/.test(line));
    expect(steps).toEqual(['tables', 'dhcp', 'tftp', 'http', 'nfs', 'directories', 'reports']);
    expect(out).toContain('should boot, with warnings: n01');
    expect(out).toContain('(tables/chain.csv:2 currstate)');
  });

  test('--whole reads kernel and initrd to their ends', async () => {
    const ok = await found('ok', 'n01', '--whole');
    const read = ok.filter(({ what }) => what.includes('read whole')).map(({ what }) => what.split(' ', 1)[0]);
    expect(read).toEqual(['kernel', 'initrd']);
  });

  test('--tftp asks another server, which is said', async () => {
    const port = /serves TFTP at 127\.0\.0\.1:(\d+)/.exec((await found('warning'))[0]?.what ?? '')?.[1];
    const { nodes } = await examined('n01', '--tftp', `127.0.0.1:${port}`);
    expect(nodes[0]?.verdict).toBe('ok');
  });
});

describe('by TFTP', () => {
  test('a name that is missing is passed over, as the loader does; none at all is a fault', async () => {
    unlinkSync(boot(macName(1)));
    const warnings = await found('warning');
    expect(warnings).toContainEqual(
      expect.objectContaining({ detail: `pxelinux.cfg/${macName(1)}`, mend: 'litehouse apply --repair' }),
    );
    unlinkSync(boot('7F00010B'));
    const [fault] = await found('fault');
    expect(fault).toMatchObject({ step: 'tftp', what: expect.stringContaining('none of the names') });
    expect(fault?.detail).toMatch(
      /01-52-54-00-00-00-01 pxelinux\.cfg\/7F00010B pxelinux\.cfg\/7F00010 .*pxelinux\.cfg\/default$/,
    );
    expect((await doctor('n01')).status).toBe(1);
    put(boot('default'), 'DEFAULT local\nLABEL local\n LOCALBOOT 0\n');
    expect((await found('fault'))[0]).toMatchObject({
      what: expect.stringContaining('not its own'),
      detail: expect.stringContaining('default: line 1'),
    });
    rmSync(boot('default'));
    await repair();
    expect(await found('fault')).toEqual([]);
  });

  test('a boot file that not everybody may read is there, and refused', async () => {
    chmodSync(boot('n01'), 0o600);
    const faults = await found('fault');
    expect(faults).toMatchObject([
      {
        step: 'tftp',
        what: 'the server refuses a boot file that its loader asks for: the server says: not everybody may read this file',
        detail: `pxelinux.cfg/${macName(1)} pxelinux.cfg/7F00010B`,
        mend: expect.stringContaining('litehouse apply --repair'),
      },
    ]);
    put(boot('default'), 'DEFAULT local\nLABEL local\n LOCALBOOT 0\n');
    expect((await found('fault')).map(({ what }) => what)).toEqual([
      expect.stringContaining('the server refuses'),
      expect.stringContaining('not its own'),
    ]);
    rmSync(boot('default'));
    await repair();
    expect([statSync(boot('n01')).mode & 0o777, await found('fault')]).toEqual([0o644, []]);
  });

  test('a boot file that somebody edited is told by its first wrong line, and the rest goes by what it says', async () => {
    const planned = readFileSync(boot('n01'), 'utf8');
    writeFileSync(boot('n01'), planned.replace('/kernel', '/kernel-old'));
    const faults = await found('fault');
    expect(faults[0]).toMatchObject({
      what: 'its boot file is not what the plan says',
      detail: expect.stringContaining('line 4 is'),
    });
    expect(faults[1]?.what).toContain('kernel-old: the server says: no such file');
    await repair();
    expect(readFileSync(boot('n01'), 'utf8')).toBe(planned);
  });

  test('a missing kernel, an empty initrd, and a kernel that is none', async () => {
    const [kernel, initrd] = [world('tftpboot/xcat', image, 'kernel'), world('tftpboot/xcat', image, 'initrd.gz')];
    const before = [readFileSync(kernel), readFileSync(initrd)] as const;
    rmSync(kernel);
    writeFileSync(initrd, '');
    const faults = await found('fault');
    expect(faults.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^kernel .*no such file/),
      expect.stringMatching(/^initrd .* is empty/),
    ]);
    expect(faults[0]?.mend).toContain(kernel);
    writeFileSync(kernel, '<html>404</html>');
    expect((await found('warning')).map(({ what }) => what).join('\n')).toContain('it begins with "<html>404</html>"');
    writeFileSync(kernel, before[0]);
    writeFileSync(initrd, before[1]);
  });

  test('a loader that is missing names the package of Debian that has it', async () => {
    const ldlinux = world('tftpboot/ldlinux.c32');
    renameSync(ldlinux, `${ldlinux}.away`);
    expect(await found('warning')).toContainEqual(
      expect.objectContaining({ mend: expect.stringContaining('apt install syslinux-common') }),
    );
    renameSync(`${ldlinux}.away`, ldlinux);
    chmodSync(ldlinux, 0o640);
    const what = "the server refuses the loader's ldlinux.c32: the server says: not everybody may read this file";
    expect(await found('warning')).toContainEqual(expect.objectContaining({ what }));
    chmodSync(ldlinux, 0o644);
  });
});

describe('by NFS', () => {
  test('an export that is missing, or a file that somebody edited', async () => {
    const path = world('exports.d/litehouse.exports');
    writeFileSync(path, '# empty\n');
    expect(await found('fault')).toEqual([
      expect.objectContaining({ step: 'nfs', what: `${path} is not what the plan says: somebody edited it` }),
    ]);
    rmSync(path);
    expect((await found('fault'))[0]?.what).toBe(`${path} is missing: nothing is exported by it`);
    await repair();
  });

  test('the directory of the image, its tree, and what a tree needs', async () => {
    const directory = world('install', image);
    renameSync(directory, `${directory}.away`);
    expect(await found('fault')).toMatchObject([
      {
        step: 'nfs',
        what: `the image's directory ${directory} is not there`,
        mend: expect.stringContaining('rootimg'),
      },
    ]);
    mkdirSync(directory);
    expect((await found('fault'))[0]?.what).toContain('holds no tree');
    mkdirSync(join(directory, 'rootimg/proc'), { recursive: true });
    expect((await found('fault'))[0]?.what).toContain('has no /.statelite, /sys, /dev');
    rmSync(directory, { recursive: true });
    renameSync(`${directory}.away`, directory);
  });

  test('its state directory and its overlay', async () => {
    const [state, overlay] = [world('state/lite/state/n01'), world('syncdirs/n01')];
    renameSync(state, `${state}.away`);
    renameSync(overlay, `${overlay}.away`);
    expect(await found('fault')).toMatchObject([
      { step: 'directories', what: 'its overlay is not on the disk', from: 'tables/litetree.csv:2' },
    ]);
    expect(await found('warning')).toContainEqual(
      expect.objectContaining({ what: expect.stringContaining('its state directory is missing'), detail: state }),
    );
    renameSync(`${state}.away`, state);
    renameSync(`${overlay}.away`, overlay);
    const parent = world('state/lite/state');
    renameSync(parent, `${parent}.away`);
    expect(await found('fault')).toMatchObject([{ what: 'its state directory is missing, and what holds it' }]);
    renameSync(`${parent}.away`, parent);
  });

  test('a server that is down: a fault for the root, a warning for an overlay of others', async () => {
    const { port } = nfs[0]?.address() as AddressInfo;
    await Promise.all(nfs.map((one) => new Promise((resolve) => one.close(resolve))));
    expect(await found('fault')).toMatchObject([
      { step: 'nfs', what: `no NFS server at 127.0.0.1:${port}: nobody listens there` },
    ]);
    expect(await found('warning')).toContainEqual(
      expect.objectContaining({ step: 'directories', from: 'tables/litetree.csv:4' }),
    );
    nfs = [await nfsServer('127.0.0.1', port), await nfsServer('127.0.0.2', port)];
  });
});

describe('in the tables', () => {
  test('a name that is no node, beside one that is', async () => {
    const { status, nodes } = await examined('nosuch,n01');
    expect([status, nodes.map(({ node, verdict }) => [node, verdict])]).toEqual([
      1,
      [
        ['nosuch', 'fault'],
        ['n01', 'warning'],
      ],
    ]);
    expect((await doctor('n[')).status).toBe(2);
    expect((await doctor('nosuch')).out).toContain('no node or group of this name');
  });

  test('a node that the policy table refuses', async () => {
    await edit({
      kind: 'chtab',
      key: { priority: '2' },
      set: { policy: { commands: 'litetree', noderange: 'n01', rule: 'deny' } },
    });
    const [fault, ...more] = await found('fault');
    expect(more).toEqual([]);
    expect(fault).toMatchObject({
      step: 'tables',
      what: expect.stringContaining('refused: it may not ask for litetree'),
      from: 'tables/policy.csv',
    });
    expect(await found('fault', 'n02')).toEqual([]);
    await edit({ kind: 'chtab', key: { priority: '2' }, set: {}, remove: ['policy'] });
  });

  test('a node that starts from its own disk is looked at as far as that', async () => {
    await edit({ kind: 'nodeset', noderange: 'n03', state: 'boot' });
    const { nodes } = await examined('n03');
    expect(nodes[0]?.findings.filter(({ verdict }) => verdict === 'fault')).toEqual([]);
    expect(nodes[0]?.findings).toContainEqual(
      expect.objectContaining({ step: 'nfs', what: 'it starts from its own disk' }),
    );
    await edit({ kind: 'nodeset', noderange: 'n03', state: 'statelite' });
  });
});

describe('the listener', () => {
  test('that is not where the kernel line says', async () => {
    const port = new URL(server.node).port;
    await edit({ kind: 'chtab', key: { key: 'xcatdport' }, set: { site: { value: '1' } } });
    const faults = await found('fault');
    expect(faults).toMatchObject([
      {
        step: 'http',
        what: 'nobody answers at XCAT=127.0.0.1:1: nobody listens there',
        mend: expect.stringContaining(`litehouse listens at 127.0.0.1:${port}: make "nodeListen"`),
      },
    ]);
    const admin = new URL(server.admin).port;
    await edit({ kind: 'chtab', key: { key: 'xcatdport' }, set: { site: { value: admin } } });
    expect((await found('fault')).map(({ what }) => what)).toEqual([
      `what answers at XCAT=127.0.0.1:${admin} is no node listener of litehouse`,
    ]);
    await edit({ kind: 'chtab', key: { key: 'xcatdport' }, set: { site: { value: port } } });
  });
});

describe('many nodes', () => {
  test('have a fault that they share told once, with their names folded', async () => {
    const kernel = world('tftpboot/xcat', image, 'kernel');
    renameSync(kernel, `${kernel}.away`);
    const { out, status } = await doctor('compute');
    expect(status).toBe(1);
    expect(out).toMatch(/tftp: n\[01-03\]\n {2}fault +kernel /);
    expect(out.match(/fault +kernel/g)).toHaveLength(1);
    expect(out).toMatch(/^faults: n\[01-03\]$/m);
    renameSync(`${kernel}.away`, kernel);
  });
});

describe('what the node said', () => {
  const report = (body: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = request(`${server.node}/status`, { method: 'POST', localAddress: '127.0.1.12', agent: false });
      outgoing.on('error', reject).on('response', (incoming) => resolve(incoming.resume().statusCode ?? 0));
      outgoing.end(body);
    });

  test('is told with what FAILED and the last lines of its log, and nothing in it acts on the terminal', async () => {
    const log = [
      '1.0 statelite: root',
      '2.0 FAILED: cp /etc/x: no space\u001b[31m',
      '3.0 a',
      '4.0 b',
      '5.0 c',
      '6.0 reported',
    ];
    expect(await report(`stage\tfailed\ngeneration\tabc\n${log.map((line) => `log\t${line}\n`).join('')}`)).toBe(200);
    const { out, status } = await doctor('n02');
    expect(status).toBe(0);
    expect(out).toMatch(/warning +it said last that its boot failed +commit unnamed, generation abc, 0 min ago/);
    expect(out).toContain('| 2.0 FAILED: cp /etc/x: no space\u{FFFD}[31m\n');
    expect(out).toMatch(/\| 4\.0 b\n +\| 5\.0 c\n +\| 6\.0 reported\n/);
    expect(out).not.toContain('statelite: root');
  });
});

describe('from elsewhere', () => {
  test('a token of scope read is enough, and the disk is not looked at', async () => {
    const secret = (await litehouse(server.dir, 'token', 'add', 'reader', '--scope', 'read', '--dir', '.')).out.trim();
    const away = world('install', image);
    renameSync(away, `${away}.away`);
    const at = { LITEHOUSE_SERVER: server.admin, LITEHOUSE_TOKEN: secret };
    const { out } = await litehouseWith(at, '/', 'doctor', 'n01', '--no-mount', '--json');
    renameSync(`${away}.away`, away);
    const [node] = (JSON.parse(out) as { nodes: NodeDiagnosis[] }).nodes;
    const tree = node?.findings.filter(({ step, what }) => step === 'nfs' && what.startsWith('the tree'));
    expect(tree).toMatchObject([
      { verdict: 'not checked', what: expect.stringContaining('it is on the management node: run doctor there') },
    ]);
    const wrong = await litehouseWith({ ...at, LITEHOUSE_TOKEN: 'lh_wrong' }, '/', 'doctor', 'n01');
    expect([wrong.status, wrong.err]).toEqual([2, expect.stringContaining('give a token of scope read')]);
    const nobody = await litehouseWith({ ...at, LITEHOUSE_SERVER: 'http://127.0.0.1:1' }, '/', 'doctor', 'n01');
    expect([nobody.status, nobody.err]).toEqual([2, expect.stringContaining('does not answer')]);
  });
});

test('a commit that main names and the check refuses is told, with the node that it would hurt', async () => {
  const clone = join(server.dir, 'clone');
  const bare = join(server.dir, 'config.git');
  const git = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  git('clone', '-q', bare, clone);
  const hosts = join(clone, 'tables/hosts.csv');
  writeFileSync(hosts, readFileSync(hosts, 'utf8').replace('127.0.1.13', '127.0.1.11'));
  git('-C', clone, 'commit', '-qam', 'Two nodes with one address');
  const before = git('-C', bare, 'rev-parse', 'main');
  git('-C', bare, 'fetch', '-q', clone, 'main');
  git('-C', bare, 'update-ref', 'refs/heads/main', 'FETCH_HEAD');
  await litehouse(server.dir, 'apply', '--dir', '.');
  const [warning] = await found('warning');
  expect(warning?.step).toBe('tables');
  // The watcher may look at the same time: it is refused, or about to be once more.
  expect(warning?.what).toMatch(new RegExp(`in effect is ${before.slice(0, 10)} .*LH312: address 127.0.1.11 of n03`));
  expect(await found('fault')).toEqual([]);
  git('-C', bare, 'update-ref', 'refs/heads/main', before);
  await litehouse(server.dir, 'apply', '--dir', '.');
});

test('where no server runs the tables are still read, and what is down is said', async () => {
  const other = await startTestServer({
    settings: { images: 'external', plugins: { dnsmasq: { serve: true } } },
    files: files(1),
    dir: join(server.dir, 'other'),
  });
  await other.server.stop();
  const at = ['--no-mount', '--tftp', '127.0.0.1:1', '--dir', other.dir];
  const { status, out } = await litehouse('/', 'doctor', 'n01', ...at);
  expect(status).toBe(1);
  expect(out).toMatch(/ok +state statelite/);
  expect(out).toContain(
    'dnsmasq has a reservation  52:54:00:00:00:01 gets 127.0.1.11, next-server 127.0.0.1, file pxelinux.0  (tables/networks.csv:2)',
  );
  expect(out).toMatch(/fault +the TFTP server 127\.0\.0\.1:1 does not answer/);
  expect(out).toContain('mend: no server runs here: litehouse serve');
  const hosts = join(other.dir, 'world/dnsmasq/litehouse.hosts');
  const planned = readFileSync(hosts, 'utf8');
  const dhcp = async () => {
    const { nodes } = JSON.parse((await litehouse('/', 'doctor', 'n01', '--json', ...at)).out) as {
      nodes: NodeDiagnosis[];
    };
    return nodes[0]?.findings.find(({ what }) => what.startsWith('dnsmasq has'));
  };
  writeFileSync(hosts, planned.replace(/^.*,n01,.*\n/m, ''));
  expect(await dhcp()).toMatchObject({ verdict: 'fault', what: expect.stringContaining('has no reservation for it') });
  await litehouse('/', 'apply', '--repair', '--dir', other.dir);
  expect([readFileSync(hosts, 'utf8'), (await dhcp())?.verdict]).toEqual([planned, 'ok']);
  appendFileSync(join(other.dir, 'litehouse.json'), 'x');
  expect((await litehouse('/', 'doctor', 'n01', '--dir', other.dir)).status).toBe(2);
});
