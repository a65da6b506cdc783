/** The way out of a confined command's own network namespace: user-mode networking, attached from outside of it. */
import { type ChildProcess, spawn } from 'node:child_process';

/** What a script's /etc/resolv.conf names: user-mode networking hands questions on to this host's resolver. */
export const nameserver = '10.0.2.3';

/**
 * Neither the loopback of this host nor its abstract sockets are behind it: what listens there takes a connection as a right. What
 * listens on another address of this host is reached as from any machine of its network (the admin listener wants a token there).
 * IPv4 alone: IPv6 stays off.
 */
const options = ['--configure', '--mtu=65520', '--disable-host-loopback', '--enable-sandbox', '--enable-seccomp'];

/** Variables by which programs find a proxy. */
const proxies = ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy'];

/** Those of this server's proxies that its environment names; one on its own loopback is not reached. */
export function proxyWords(from: Readonly<Record<string, string | undefined>> = process.env): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of proxies.flatMap((word) => [word, word.toUpperCase()])) {
    const value = from[name];
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}

export interface Uplink {
  /** Resolves when the namespace has its interface; rejects with what to do where it can't have one. */
  readonly ready: Promise<void>;
  /** Ends it, and resolves when it is gone. */
  close(): Promise<void>;
}

/** Gives the network namespace of a process a way out. It ends with this process, whatever ends that. */
export function attachNetwork(pid: number, environment: Readonly<Record<string, string>>): Uplink {
  const words = [...options, '--ready-fd=3', '--exit-fd=4', String(pid), 'tap0'];
  const child: ChildProcess = spawn('slirp4netns', words, {
    detached: true,
    cwd: '/',
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  let said = '';
  for (const output of [child.stdout, child.stderr])
    output?.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-2000);
    });
  // The pipe that it would see closed, were this process gone.
  const [, , , told, held] = child.stdio;
  held?.on('error', () => undefined);
  const gone = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const ready = new Promise<void>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Error(
          error.code === 'ENOENT'
            ? 'network for scripts needs slirp4netns, which is not installed on this server: apt-get install slirp4netns (dnf, zypper: the same name), or take the yes out of linuximage.scriptnetwork'
            : `slirp4netns: ${error.message}`,
          { cause: error },
        ),
      ),
    );
    if (told !== null && told !== undefined && 'once' in told) told.once('data', () => resolve());
    child.on('close', (code) =>
      reject(
        new Error(
          `slirp4netns gave no network to a script (status ${code}); it needs /dev/net/tun (modprobe tun):\n${said.trim()}`,
        ),
      ),
    );
  });
  ready.catch(() => undefined);
  return {
    ready,
    close: async () => {
      if (child.pid === undefined) return;
      child.kill('SIGKILL');
      await gone;
    },
  };
}
