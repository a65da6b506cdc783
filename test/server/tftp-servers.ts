/** The TFTP servers of others, started as the documentation says, over a tree that litehouse wrote: for tests and benches. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { setTimeout as pause } from 'node:timers/promises';
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

/** dnsmasq serves TFTP on port 69 and no other: on an address of its own. `user`: whom it becomes. */
export async function startDnsmasq(root: string, host: string, user: string): Promise<TftpPeer> {
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
  for (let i = 0; i < 50; i++) {
    const what = failed?.message ?? (peer.child.exitCode === null ? undefined : `it ended with ${peer.child.exitCode}`);
    if (what !== undefined) throw new Error(`${peer.name} does not start: ${what}`);
    const { host, port } = peer;
    if (await fetchFile('none', { host, port, tries: 1, patience: 100 }).catch((error: Error) => 'code' in error))
      return peer;
    await pause(50);
  }
  throw new Error(`${peer.name} does not answer`);
}

async function freePort(host: string): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind({ address: host, port: 0 }, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
