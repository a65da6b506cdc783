/** What is asked of the network and of this machine: each question once, however many nodes it concerns, and each in bounded time. */
import { spawn } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { mkdtemp, readFile, rmdir } from 'node:fs/promises';
import { request } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobId } from '../../core/plan/blob.ts';
import { type NfsAnswer, networkWhy, pingNfs } from './nfs-ping.ts';
import { fetchByTftp, type TftpAnswer } from './tftp-fetch.ts';

export interface Ran {
  /** Undefined: it could not be started, or did not end in time. */
  readonly status: number | undefined;
  readonly out: string;
  readonly err: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

const mountScript = 'mount -i -t nfs -o "$3" "$1" "$2" && test -d "$2/.statelite" && echo mounted';
/** A mount that is refused says so after its own time-outs, which are longer than those of a question. */
const mountPatience = 8000;

/** Longest body that is read of what another server sends. */
const mostBytes = 4 * 1024 * 1024;

export class Probes {
  readonly #answers = new Map<string, Promise<unknown>>();
  /** Milliseconds that each question may take. */
  readonly patience: number;

  constructor(patience = 2500) {
    this.patience = patience;
  }

  /** Whether an NFS server of that version answers there. */
  nfs({ host, port }: Address, version: 3 | 4): Promise<NfsAnswer> {
    return this.#once(`nfs ${host} ${port} ${version}`, () => pingNfs({ host, port }, version, this.patience));
  }

  /** The first bytes of what a plain-HTTP server answers. */
  get({ host, port }: Address, path: string): Promise<{ readonly text: string } | { readonly why: string }> {
    return this.#once(`get ${host} ${port} ${path}`, () => {
      return new Promise((resolve) => {
        const outgoing = request({ host, port, path, agent: false });
        const timer = setTimeout(() => {
          resolve({ why: this.#silence() });
          outgoing.destroy();
        }, this.patience);
        outgoing.on('error', (error) => {
          clearTimeout(timer);
          resolve({ why: networkWhy(error) });
        });
        outgoing.on('response', (incoming) => {
          let text = '';
          const settle = (): void => {
            clearTimeout(timer);
            resolve({ text });
          };
          incoming.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
            if (text.length > mostBytes) {
              settle();
              outgoing.destroy();
            }
          });
          incoming.on('end', settle);
          incoming.on('error', settle);
        });
        outgoing.end();
      });
    });
  }

  /** A file by TFTP, or its first bytes. A server that was silent once is not waited for again. */
  async tftp(from: Address, name: string, most?: number): Promise<TftpAnswer> {
    const key = `tftp ${from.host} ${from.port}`;
    const silent = this.#silent.get(key);
    if (silent !== undefined) return silent;
    const answer = await this.#once(`${key} ${name} ${most}`, () =>
      fetchByTftp({ ...from, patience: this.patience }, name, most),
    );
    if (answer.kind === 'silent') this.#silent.set(key, answer);
    return answer;
  }
  readonly #silent = new Map<string, TftpAnswer>();

  /** Runs a command of this machine; one that is not there has no status. */
  run(command: string, args: readonly string[], patience = this.patience): Promise<Ran> {
    return this.#once(`run ${command} ${args.join('\0')}`, () => {
      return new Promise<Ran>((resolve) => {
        let [out, err] = ['', ''];
        const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
        const settle = (status: number | undefined): void => {
          clearTimeout(timer);
          resolve({ status, out, err });
        };
        // A process that hangs in the kernel does not die at once: nobody waits for it.
        const timer = setTimeout(() => {
          child.kill('SIGKILL');
          child.unref();
          child.stdout.destroy();
          child.stderr.destroy();
          err += `no answer within ${patience / 1000} s`;
          settle(undefined);
        }, patience);
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
          if (out.length < mostBytes) out += chunk;
        });
        child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
          if (err.length < mostBytes) err += chunk;
        });
        child.on('error', (error) => {
          err += error.message;
          settle(undefined);
        });
        child.on('close', (status) => settle(status ?? undefined));
      });
    });
  }

  /** Why this machine cannot mount over NFS; undefined: it can. */
  cannotMount(): Promise<string | undefined> {
    return this.#once('filesystems', async () => {
      if (process.getuid?.() !== 0) return 'only root can mount';
      const filesystems = await readFile('/proc/filesystems', 'utf8').catch(() => '');
      return /\tnfs$/m.test(filesystems) ? undefined : 'this kernel has no NFS client (modprobe nfs)';
    });
  }

  /** The addresses of this machine. */
  addresses(): readonly string[] {
    return Object.values(networkInterfaces()).flatMap((infos) => (infos ?? []).map(({ address }) => address));
  }

  /** Mounts over NFS in a mount namespace of its own, so that nothing of it stays; says `mounted` where /.statelite is in it. */
  mount(what: string, options: string): Promise<Ran> {
    return this.#once(`mount ${what} ${options}`, async () => {
      const at = await mkdtemp(join(tmpdir(), 'litehouse-doctor-'));
      try {
        const own = ['--mount', '--propagation', 'private', 'sh', '-c', mountScript, 'sh'];
        return await this.run('unshare', [...own, what, at, options], mountPatience);
      } finally {
        await rmdir(at).catch(() => {});
      }
    });
  }

  /** git's id of the content of a file of this machine, as plans have it; undefined: it cannot be read. */
  blob(path: string): Promise<string | undefined> {
    return this.#once(`blob ${path}`, async () => {
      const bytes = await readFile(path).catch(() => undefined);
      return bytes === undefined ? undefined : blobId(bytes);
    });
  }

  /** A text file of this machine as `parse` reads it, or why it cannot be read. */
  read<T>(path: string, parse: (text: string) => T): Promise<{ readonly as: T } | { readonly why: string }> {
    return this.#once(`read ${path}`, () =>
      readFile(path, 'utf8').then(
        (text) => ({ as: parse(text) }),
        (error: NodeJS.ErrnoException) => ({ why: error.code === 'ENOENT' ? 'it is missing' : error.message }),
      ),
    );
  }

  /** Whether a socket of this machine is bound to that UDP port; undefined: the system does not say. */
  listens(port: number): Promise<boolean | undefined> {
    return this.#once(`listens ${port}`, async () => {
      const lists = await Promise.all(
        ['/proc/net/udp', '/proc/net/udp6'].map((path) => readFile(path, 'utf8').catch(() => undefined)),
      );
      const hex = port.toString(16).toUpperCase().padStart(4, '0');
      if (lists.every((text) => text === undefined)) return undefined;
      // `4136: 0100007F:1B39 00000000:0000 07 …`: the local address and port come first.
      return lists.some((text) => new RegExp(`^ *\\d+: [0-9A-F]+:${hex} `, 'm').test(text ?? ''));
    });
  }

  /** Whether this machine can make an address of a name. */
  resolves(name: string): Promise<boolean> {
    return this.#once(`name ${name}`, () =>
      Promise.race([
        lookup(name).then(
          () => true,
          () => false,
        ),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), this.patience).unref()),
      ]),
    );
  }

  #silence(): string {
    return `no answer within ${this.patience / 1000} s`;
  }

  #once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    let answer = this.#answers.get(key) as Promise<T> | undefined;
    if (answer === undefined) {
      answer = ask();
      // What is each node's own is not kept: ten thousand boot files would be.
      if (!/ (pxelinux\.cfg|etc|yaboot\.conf-)/.test(key)) this.#answers.set(key, answer);
    }
    return answer;
  }
}

/** `10.0.0.1:69`, `[fd00::1]:69`. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** `host:port` of the kernel line; a host alone gets `port`. */
export function parseAddress(text: string, port: number): Address {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text);
  if (match === null) return { host: text, port };
  return { host: match[1] ?? match[2] ?? '', port: match[3] === undefined ? port : Number(match[3]) };
}
