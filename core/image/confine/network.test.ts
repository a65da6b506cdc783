/** A script with network: what it reaches outside, and what of this host it does not. Needs slirp4netns and /dev/net/tun. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { confineRunner } from './confine.ts';
import { attachNetwork, proxyWords } from './network.ts';

const confine = confineRunner();
const abstract = `litehouse-network-${process.pid}`;
const servers: Server[] = [];
let port: number;

async function listening(where: string | number, host?: string): Promise<number> {
  const server = createServer((socket) => socket.end('REACHED\n'));
  servers.push(server);
  if (typeof where === 'number') server.listen(where, host);
  else server.listen(where);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

beforeAll(async () => {
  port = await listening(0, '127.0.0.1');
  await listening(`\0${abstract}`);
});
afterAll(() => {
  for (const server of servers) server.close();
});

/** Connects as perl does, and prints what it was sent. */
const asks = `use Socket; my ($port, $path, @addresses) = @ARGV;
  for (@addresses) {
    socket(my $s, PF_INET, SOCK_STREAM, 0); local $SIG{ALRM} = sub { die "silent\\n" };
    eval { alarm 2; if (connect($s, sockaddr_in($port, inet_aton($_)))) { print "$_ connected ", <$s>, "\\n" } else { print "$_ no: $!\\n" } alarm 0; };
    print "$_ no: $@" if $@;
  }
  socket(my $u, PF_UNIX, SOCK_STREAM, 0); print connect($u, sockaddr_un("\\0$path")) ? "abstract REACHED\\n" : "abstract no: $!\\n";
  print -e $_ ? "$_ THERE\\n" : "" for "/run/dbus", "/var/run/docker.sock", "/run/systemd";`;

it('reaches no server on the loopback of this host, by any of its addresses, and no abstract socket', async () => {
  const addresses = ['127.0.0.1', '127.0.0.2', '10.0.2.2', '10.0.2.3', '10.0.2.15', '10.0.2.255', '0.0.0.0'];
  const words = ['-e', asks, String(port), abstract, ...addresses];
  const { stdout } = await confine({ view: 'server', network: true }, 'perl', words);
  expect(stdout).not.toMatch(/REACHED|THERE|connected/);
  expect(stdout.match(/ no: /g)).toHaveLength(addresses.length + 1);
});

it('sees interfaces of its own alone, and none of the connections of this host', async () => {
  const { stdout } = await confine({ view: 'server', network: true }, 'cat', ['/proc/net/dev', '/proc/net/tcp']);
  expect(stdout.match(/^\s*\w+:(?= )/gm)?.map((name) => name.trim())).toEqual(expect.arrayContaining(['lo:', 'tap0:']));
  expect(stdout).not.toContain('eth');
  expect(stdout).not.toContain(`:${port.toString(16).toUpperCase().padStart(4, '0')} `);
});

it('may neither change its addresses and routes nor put anything on its wire by hand', async () => {
  const text = `ip addr add 127.0.0.9/32 dev tap0 && echo DONE; ip route add 127.0.0.9 dev tap0 && echo DONE
    ip link set tap0 down && echo DONE; perl -MSocket -e 'print "DONE" if socket(my $s, 17, SOCK_RAW, 768)'; true`;
  expect((await confine({ view: 'server', network: true }, 'sh', ['-c', text])).stdout).not.toContain('DONE');
});

it('finds names, and a server outside, as this host does', async () => {
  const { hostname, port: at } = aptMirror();
  const text = `use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => 120) or die "$@";
    print $s "GET /debian/dists/bookworm/Release HTTP/1.1\\r\\nHost: $ARGV[0]\\r\\nConnection: close\\r\\n\\r\\n"; print scalar <$s>;`;
  const { stdout } = await confine({ view: 'server', network: true }, 'perl', ['-e', text, hostname, at || '80']);
  expect(stdout).toMatch(/^HTTP\/1\.\d [23]\d\d/);
  expect((await confine({ view: 'server', network: true }, 'cat', ['/etc/resolv.conf'])).stdout).toMatch(
    /^nameserver 10\.0\.2\.3$/m,
  );
});

/** Where this host's own apt goes. */
function aptMirror(): URL {
  for (const file of ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list']) {
    try {
      const found = /http:\/\/\S+/.exec(readFileSync(file, 'utf8').replace(/^#.*$/gm, ''));
      if (found !== null) return new URL(found[0]);
    } catch {
      // The other form.
    }
  }
  return new URL('http://deb.debian.org/debian');
}

it('has the proxies of the server in its environment, which a command without network has not', async () => {
  const proxies = { http_proxy: 'http://10.1.2.3:3128', NO_PROXY: 'local', HTTP_PROXY: '', TOKEN: 'secret' };
  expect(proxyWords(proxies)).toEqual({ http_proxy: 'http://10.1.2.3:3128', NO_PROXY: 'local' });
  process.env.http_proxy = proxies.http_proxy;
  try {
    expect((await confine({ view: 'server', network: true }, 'env', [])).stdout).toContain('http_proxy=http://10.1');
    expect((await confine({ view: 'server' }, 'env', [])).stdout).not.toContain('proxy');
  } finally {
    delete process.env.http_proxy;
  }
});

it('is refused where slirp4netns is not installed, with what to install', async () => {
  const sleeper = spawn('sleep', ['100']);
  const empty = await mkdtemp(join(tmpdir(), 'litehouse-network-'));
  try {
    const uplink = attachNetwork(sleeper.pid ?? 0, { PATH: empty });
    await expect(uplink.ready).rejects.toThrow('apt-get install slirp4netns');
    await uplink.close();
  } finally {
    sleeper.kill('SIGKILL');
    await rm(empty, { recursive: true });
  }
});

/** Processes of this host: number, that of the parent, and command line. */
async function processes(): Promise<{ readonly pid: number; readonly parent: number; readonly line: string }[]> {
  const numbers = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(
    numbers.map(async (pid) => {
      const [line, stat] = await Promise.all(
        ['cmdline', 'stat'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '')),
      );
      return { pid: Number(pid), parent: Number(/^.*\) \S (\d+)/s.exec(stat ?? '')?.[1]), line: line ?? '' };
    }),
  );
}

it('leaves nothing behind when its server is killed in the middle', async () => {
  const word = `network-${process.pid}`;
  const code = `import('${join(import.meta.dirname, 'confine.ts')}').then(({ confineRunner }) =>
    confineRunner()({ view: 'server', network: true }, 'perl', ['-e', 'sleep 1000', '${word}']))`;
  const server: ChildProcess = spawn(process.execPath, ['--import', 'tsx', '-e', code], { stdio: 'ignore' });
  // Those that make its place have its words, too; the command itself begins with its name, once it has its network.
  const command = `perl\0-e\0sleep 1000\0${word}\0`;
  let found = await processes();
  while (!found.some(({ line }) => line === command)) {
    await sleep(50);
    found = await processes();
  }
  const isUplink = ({ parent, line }: (typeof found)[number]) =>
    parent === server.pid && line.startsWith('slirp4netns');
  const uplinks = found.filter(isUplink).map(({ pid, line }) => `${pid} ${line}`);
  expect(uplinks).toHaveLength(1);
  server.kill('SIGKILL');
  const isLeft = ({ pid, line }: (typeof found)[number]) =>
    (pid !== process.pid && line.includes(word)) || uplinks.includes(`${pid} ${line}`);
  while ((await processes()).some(isLeft)) await sleep(50);
});
