/** The TFTP servers of others, started as the documentation says, over a tree that litehouse wrote: for tests and benches. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { until } from '../until.ts';
import { fetchFile } from './tftp-client.ts';

export interface TftpPeer {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly child: ChildProcess;
}

/** tftpd-hpa, which needs root: it enters the tree by chroot and then becomes nobody. */
export async function startHpa(root: string): Promise<TftpPeer> {
  const host = '127.0.0.1';
  const port = await freePort(host);
  const child = spawn('in.tftpd', ['-L', '-a', `${host}:${port}`, '--secure', root], { stdio: 'inherit' });
  return ready({ name: 'tftpd-hpa', host, port, child });
}

/** dnsmasq serves TFTP on port 69 and no other: on an address that is this process's own. `user`: whom it becomes. */
export async function startDnsmasq(root: string, user: string): Promise<TftpPeer> {
  const host = `127.69.${(process.pid >> 8) & 255}.${process.pid & 255}`;
  const args = ['-k', '--conf-file=/dev/null', '--port=0', '--enable-tftp', '--tftp-max=100', `--tftp-root=${root}`];
  const own = [`--listen-address=${host}`, '--bind-interfaces', '--pid-file=', `--user=${user}`, '--log-facility=-'];
  const child = spawn('dnsmasq', [...args, ...own], { stdio: 'ignore' });
  return ready({ name: 'dnsmasq', host, port: 69, child });
}

async function ready(peer: TftpPeer): Promise<TftpPeer> {
  let failed: Error | undefined;
  peer.child.once('error', (error) => {
    failed = error;
  });
  const { name, host, port, child } = peer;
  try {
    await until(`${name} answers`, async () => {
      const what = failed?.message ?? (child.exitCode === null ? undefined : `it ended with ${child.exitCode}`);
      if (what !== undefined) throw new Error(`${name} does not start: ${what}`);
      return fetchFile('none', { host, port, tries: 1, patience: 500 }).then(
        () => true,
        (error: Error) => 'code' in error,
      );
    });
  } catch (error) {
    child.kill();
    throw error;
  }
  return peer;
}

async function freePort(host: string): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind({ address: host, port: 0 }, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
