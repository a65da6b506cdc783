/** Runs what came out of packages and pushes: in namespaces of its own, with few capabilities, seeing little of this host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { CommandFailed, commandRunner } from '../../apply/run-command.ts';
import type { CommandRunner } from '../../plugin/plugin.ts';
import { insideProgram, waitingProgram } from './inside.ts';
import { attachNetwork, nameserver, proxyWords, type Uplink } from './network.ts';
import { closeWriteEnds, outputPipes } from './output.ts';

/** A directory or file of this host that the confined command sees. Mounts below it are not seen. */
export interface ConfinedBind {
  readonly from: string;
  /** Absolute path inside; no part of it may be a link. For view `image` best below /tmp, where nothing is left behind. */
  readonly to: string;
  readonly writable: boolean;
  /** A root tree that the command changes into (`rpm --root`): the /proc, /sys, /dev and /tmp of the view are mounted in it too. */
  readonly tree?: boolean;
}

export interface ConfineOptions {
  /**
   * `server`: this host's /usr read-only, a minimal /etc, /proc, /dev, an own /tmp, and the binds.
   * `image`: the tree `root` is `/`, with /proc, /dev, an own /tmp, and the binds; nothing of this host is visible.
   */
  readonly view: 'server' | 'image';
  /** Needed for `image`. */
  readonly root?: string;
  readonly binds?: readonly ConfinedBind[];
  /**
   * Default false: a network namespace with nothing in it. True: with a way out besides (network.ts), and this server's proxies in the
   * environment; neither the loopback nor the abstract sockets of this host are reached. In view `image` names are the image's to resolve.
   */
  readonly network?: boolean;
  /** The whole environment, besides PATH, HOME, LANG and TERM. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory inside; default `/`. */
  readonly cwd?: string;
  readonly input?: string;
}

/** Runs one command confined; rejects as CommandRunner does. Of each output the last 4 MiB are kept. */
export type Confine = (options: ConfineOptions, command: string, args: readonly string[]) => ReturnType<CommandRunner>;

/**
 * What package installs need and nothing more. `kill` reaches only what is in the same pid namespace: scripts that step down to
 * another user end what they started. Not here, though some containers have them: mknod (a disk's node, once in the tree, is open to
 * whoever reads the tree), net_raw, net_bind_service, setpcap, audit_write (it would write into this host's own audit log).
 */
const capabilities = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'setfcap',
  'setgid',
  'setuid',
  'sys_chroot',
] as const;

/** Processes at once, where the kernel has such a limit for a pid namespace (6.14): nothing else bounds those of root. */
const processLimit = 4096;

/** Host tools by absolute path only: no PATH that a caller of the server was started with decides what runs with full rights. */
const hostPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Makes the runner. Its commands and all that they started are gone when the promise settles: they are killed when `signal` aborts,
 * when the command itself ends, and when this process dies. Each line of output goes to `log`, within bounds. Needs root.
 */
export function confineRunner(signal?: AbortSignal, log?: (line: string) => void): Confine {
  return async (options, command, args) => {
    if (process.getuid?.() !== 0) throw new Error('image scripts are run confined, which only root can do');
    if (options.view === 'image' && options.root === undefined) throw new Error('view image needs a root');
    signal?.throwIfAborted();
    return await run(options, [command, ...args], signal, log);
  };
}

function run(
  options: ConfineOptions,
  command: readonly string[],
  signal: AbortSignal | undefined,
  log: ((line: string) => void) | undefined,
): ReturnType<CommandRunner> {
  return new Promise((resolve, reject) => {
    const pipes = outputPipes(log);
    const nothing = openSync('/dev/null', 'r');
    const child = spawn('setpriv', launch(options, command), {
      // No terminal of whoever started the server: a session of its own has none.
      detached: true,
      cwd: '/',
      env: { PATH: hostPath, LANG: 'C.UTF-8' },
      stdio: ['pipe', pipes[0].write, pipes[1].write, 'pipe', 'pipe', ...inherited().map(() => nothing)],
    });
    closeSync(nothing);
    closeWriteEnds(pipes);
    let first: number | undefined;
    let uplink: Uplink | undefined;
    // Process 1 of the namespace takes all others along, and the promise waits until they are gone.
    const stop = () => {
      try {
        if (child.exitCode === null && child.signalCode === null) process.kill(first ?? child.pid ?? 0, 'SIGKILL');
      } catch {
        // Gone already.
      }
    };
    signal?.addEventListener('abort', stop, { once: true });
    let fault: unknown;
    const failed = (error: unknown) => {
      fault ??= error;
      stop();
    };
    const [input, , , one, waiting] = child.stdio;
    talk(one, async (word) => {
      if (word.startsWith('pid ')) {
        first = Number(word.slice(4));
        if (options.network === true) uplink = attachNetwork(first, { PATH: hostPath });
      }
      if (word !== 'pivoted' || first === undefined) return;
      await detachOldRoot(first);
      await uplink?.ready;
      say(waiting, 'go');
    }).catch(failed);
    talk(waiting, async (word) => {
      if (word === 'ready') say(one, 'pivot');
    }).catch(failed);
    input?.on('error', () => undefined);
    if (input !== null && 'end' in input) input.end(options.input ?? '');
    child.on('error', failed);
    child.on('close', async (code, by) => {
      signal?.removeEventListener('abort', stop);
      const [stdout, stderr] = await Promise.all([pipes[0].text, pipes[1].text, uplink?.close()]);
      if (signal?.aborted === true) reject(new CommandFailed(command, 'was stopped', stderr || stdout));
      else if (fault !== undefined) reject(fault);
      else if (code === 0) resolve({ stdout, stderr });
      else {
        const ending = code === null ? `was killed by ${by}` : `ended with status ${code}`;
        reject(new CommandFailed(command, `${ending} (confined)`, stderr || stdout));
      }
    });
  });
}

/** A place for each number above 4, up to the last descriptor that a child would be born with: whoever started the server left it open. */
function inherited(): readonly number[] {
  const numbers = readdirSync('/proc/self/fd').map(Number);
  const open = numbers.filter((number) => {
    try {
      const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'))?.[1] ?? '0';
      return number > 4 && (Number.parseInt(flags, 8) & 0o2000000) === 0;
    } catch {
      return false; // The one that listed them.
    }
  });
  return Array.from({ length: Math.max(4, ...open) - 4 }, (_, index) => index + 5);
}

/** The words after `setpriv`: the end with this process, the namespaces, the program, and what it is to run. */
function launch(options: ConfineOptions, command: readonly string[]): string[] {
  const unshare = ['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=KILL'];
  const binds = (options.binds ?? []).flatMap(({ from, to, writable, tree }) => [
    ...[writable ? 'rw' : 'ro', from, to],
    ...(tree === true ? ['tree', '-', to] : []),
  ]);
  const kept = capabilities.map((name) => `+${name}`).join(',');
  const drop = ['setpriv', `--bounding-set=-all,${kept}`, '--inh-caps=-all', '--ambient-caps=-all', '--no-new-privs'];
  const proxied = options.network === true ? proxyWords() : {};
  const env = { PATH: hostPath, HOME: '/root', LANG: 'C.UTF-8', TERM: 'dumb', ...proxied, ...options.env };
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return [
    ...['--pdeathsig', 'KILL', '--', ...unshare, '--ipc', '--uts', '--net', 'sh', '-c', insideProgram, 'inside'],
    ...[
      options.view,
      options.root ?? '',
      options.network === true ? nameserver : 'no',
      String(processLimit),
      ...binds,
      'run',
    ],
    ...[...drop, 'env', '-i', ...words, 'sh', '-c', waitingProgram, 'waiting', options.cwd ?? '/', ...command],
  ];
}

/** `nsenter` joins the mount namespace with this host's root kept as its own, so that the tool that runs is the host's. */
async function detachOldRoot(first: number): Promise<void> {
  const old = `/proc/${first}/root/dev/.old`;
  await commandRunner()('nsenter', [
    ...[`--mount=/proc/${first}/ns/mnt`, '--root=/', '--wd=/', 'umount', '--no-canonicalize', '--lazy', old],
  ]);
  await rmdir(old);
}

type Ear = ChildProcess['stdio'][number];

/** Hands each line of a pipe to `heard`; rejects with what that throws. */
function talk(pipe: Ear | undefined, heard: (word: string) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    if (pipe === null || pipe === undefined || !('setEncoding' in pipe)) return reject(new Error('no pipe'));
    let rest = '';
    pipe.setEncoding('utf8');
    pipe.on('data', (text: string) => {
      const words = (rest + text).split('\n');
      rest = words.pop() ?? '';
      for (const word of words) heard(word).catch(reject);
    });
    pipe.on('error', () => undefined);
    pipe.on('end', resolve);
  });
}

function say(pipe: Ear | undefined, word: string): void {
  if (pipe !== null && pipe !== undefined && 'write' in pipe) pipe.write(`${word}\n`);
}
