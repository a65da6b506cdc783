/** Runs the boot program without a machine: busybox ash in namespaces of its own, bind mounts for NFS, a real HTTP peer. */
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plant, type Tree } from './node-image.ts';

const program = fileURLToPath(new URL('../../core/image/node/statelite', import.meta.url));

/** Milliseconds; a little less than a test may take, so that its failure has the console. */
export const longestRun = 170_000;

export interface BootOptions {
  /** What follows NFSROOT and XCAT on the kernel line. */
  readonly words?: string;
  /** Paths to look at in the booted root. */
  readonly show?: readonly string[];
  /** A script that looks round in the booted root, by busybox sh, after `show`. */
  readonly look?: string;
  /** Lines of shell that run once the root is mounted, before the program. */
  readonly before?: readonly string[];
  /** Lines of shell that look from outside; `$1` is the booted root. */
  readonly after?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Host and port of another peer than the lab's own. */
  readonly xcat?: string;
  /** Runs the program again until it ends with 0, as an initrd does; `[lab] ended with N` on the console tells each end. */
  readonly again?: boolean;
  /** Ends the boot once the console matches: for what goes on for ever. */
  readonly until?: RegExp;
}

/** One path of the booted root, links followed but for `link`. */
export interface Seen {
  readonly type: 'file' | 'directory' | 'missing';
  readonly mode: string;
  readonly owner: string;
  /** Text of the link that the path itself is. */
  readonly link: string | undefined;
  readonly text: string;
}

export interface Boot {
  /** Exit status of the program; undefined where it was ended. */
  readonly status: number | undefined;
  readonly console: string;
  readonly shown: ReadonlyMap<string, Seen>;
  /** What `look` printed. */
  readonly seen: string;
  /** What `after` printed. */
  readonly outside: string;
  /** The node's log. */
  readonly log: string;
  /** Paths below the root that are mounts of their own. */
  readonly mounts: readonly string[];
  /** Options of the mounts that stand for NFS. */
  readonly mountOptions: string;
}

/** A posted report: its keys, and the lines of its log. */
export interface Report {
  readonly [key: string]: string;
}

export class NodeLab {
  readonly directory = mkdtempSync(join(tmpdir(), 'litehouse-node-'));
  /** The image on its server. */
  readonly root = join(this.directory, 'image');
  readonly reports: Report[] = [];
  /** Paths asked with GET. */
  readonly asked: string[] = [];
  /** What GET answers; replaced by tests that want more than a text. */
  answer: string | ((request: IncomingMessage, response: ServerResponse) => void) = '';
  takesReports = true;
  readonly bin = join(this.directory, 'bin');
  private readonly server: Server;

  constructor(image: Tree = {}) {
    mkdirSync(this.bin);
    const applets = spawnSync('busybox', ['--list'], { encoding: 'utf8' });
    if (applets.status !== 0) throw new Error('busybox is not installed: apt-get install busybox-static');
    for (const name of applets.stdout.trim().split('\n')) symlinkSync('/bin/busybox', join(this.bin, name));
    this.script('lh-mount', [
      `from=${this.directory}/nfs/\${1%%:*}/\${1#*:}`,
      '[ -d "$from" ] || { echo "mount: mounting $1 on $2 failed: No such file or directory" >&2; exit 1; }',
      `echo "$3" >>${this.directory}/mount-options`,
      'mount --bind "$from" "$2"',
      'case ,$3, in *,ro,*) mount -o remount,bind,ro "$2" ;; esac',
    ]);
    this.script('lh-nap', [
      `echo "$1" >>${this.directory}/naps`,
      `while [ -e ${this.directory}/unmended ]; do usleep 5000; done`,
      'usleep 10000',
    ]);
    plant(this.root, { '/.statelite/': '', '/.default/': '', '/bin/': '', '/proc/': '', '/dev/': '', ...image });
    copyFileSync('/bin/busybox', join(this.root, 'bin/busybox'));
    this.server = createServer((request, response) => {
      if (request.method === 'POST') return this.take(request, response);
      this.asked.push(request.url ?? '');
      if (typeof this.answer === 'string') response.end(this.answer);
      else this.answer(request, response);
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get xcat(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** What a server exports: `server/path`. */
  exports(server: string, path: string, files: Tree = {}): string {
    const directory = join(this.directory, 'nfs', server, path);
    mkdirSync(directory, { recursive: true });
    plant(directory, files);
    return directory;
  }

  script(name: string, lines: readonly string[]): string {
    const path = join(this.bin, name);
    // An applet's name is a link to the host's busybox, which would be written to.
    rmSync(path, { force: true });
    writeFileSync(path, ['#!/bin/busybox sh', ...lines, ''].join('\n'), { mode: 0o755 });
    return path;
  }

  /** Does it while the node of the next boot pauses for the first time; the pause lasts until it is done. */
  oncePaused(mend: () => void): void {
    const naps = join(this.directory, 'naps');
    const unmended = join(this.directory, 'unmended');
    rmSync(naps, { force: true });
    writeFileSync(unmended, '');
    const looking = setInterval(() => {
      if (!existsSync(naps)) return;
      clearInterval(looking);
      mend();
      rmSync(unmended);
    }, 20);
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const report: Record<string, string> = {};
      for (const line of body.split('\n')) {
        const [key = '', value = ''] = line.split(/\t(.*)/s);
        if (key !== '') report[key] = key === 'log' ? `${report.log ?? ''}${value}\n` : value;
      }
      if (!this.takesReports) {
        response.writeHead(503).end();
        return;
      }
      this.reports.push(report);
      response.end('ok\n');
    });
  }

  /** Boots: a fresh read-only mount of the image, the program, a look round. Nothing of it outlives the call. */
  boot(options: BootOptions = {}): Promise<Boot> {
    const at = (name: string) => join(this.directory, name);
    for (const name of ['naps', 'mount-options']) rmSync(at(name), { force: true });
    mkdirSync(at('sysroot'), { recursive: true });
    const words = options.words ?? 'STATEMNT= LHGEN=g1';
    writeFileSync(
      at('cmdline'),
      `initrd=x NFSROOT=10.0.0.1:/i XCAT=${options.xcat ?? this.xcat} ${words} console=ttyS0\n`,
    );
    const paths = (options.show ?? []).map((path) => `'${path.replaceAll("'", "'\\''")}'`).join(' ');
    // base64 keeps contents, whatever they are, on one line.
    const show = [
      `for p in ${paths}; do`,
      '  link=; [ ! -L "$p" ] || link=$(readlink "$p")',
      '  type=missing; [ ! -d "$p" ] || type=directory; [ ! -f "$p" ] || type=file',
      '  printf "%s\\t%s\\t%s\\t" "$p" "$type" "$(stat -L -c "%a %u:%g" "$p" 2>/dev/null)"',
      '  text=; [ "$type" != file ] || text=$(base64 -w 0 "$p"); [ "$type" != directory ] || text=$(ls -A "$p" | base64 -w 0)',
      '  printf "%s\\t%s\\n" "$text" "$link"',
      'done',
    ];
    writeFileSync(at('show'), show.join('\n'));
    writeFileSync(at('look'), options.look ?? '');
    for (const name of ['status', 'mounts', 'shown', 'seen', 'outside', 'log'])
      rmSync(at(`result.${name}`), { force: true });
    const booted = at('sysroot');
    const inside = (script: string) => `chroot ${booted} /bin/busybox sh -c "$(cat ${at(script)})"`;
    writeFileSync(
      at('run'),
      [
        `mount --bind ${this.root} ${booted} && mount -o remount,bind,ro ${booted} || exit 1`,
        ...(options.before ?? []),
        `while :; do sh ${program} boot; status=$?; ${options.again === true ? '[ $status -ne 0 ] || break; echo "[lab] ended with $status"' : 'break'}; done`,
        `echo $status >${at('result.status')}`,
        `cut -d' ' -f5 /proc/self/mountinfo | grep "^${booted}" >${at('result.mounts')}`,
        `cat ${booted}/.statelite/statelite.log >${at('result.log')}`,
        `mount --bind /proc ${booted}/proc; mount --bind /dev ${booted}/dev`,
        `${inside('show')} >${at('result.shown')}`,
        `${inside('look')} >${at('result.seen')} 2>&1`,
        `set -- ${booted}; PATH=$PATH:/usr/bin`,
        `{ ${(options.after ?? [':']).join('\n')}\n} >${at('result.outside')}`,
      ].join('\n'),
    );
    return new Promise((resolve) => {
      const child = spawn(
        '/usr/bin/unshare',
        ['--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc', '/bin/busybox', 'sh', at('run')],
        {
          stdio: ['ignore', 'pipe', 'pipe'],
          env: {
            PATH: this.bin,
            LH_ROOT: at('sysroot'),
            LH_CMDLINE: at('cmdline'),
            LH_MOUNT: join(this.bin, 'lh-mount'),
            LH_SLEEP: join(this.bin, 'lh-nap'),
            ...options.env,
          },
        },
      );
      let printed = '';
      const patience = setTimeout(() => {
        printed += `[lab] killed after ${longestRun / 1000} seconds\n`;
        child.kill('SIGKILL');
      }, longestRun);
      const hear = (text: string) => {
        printed += text;
        // What waits for ever says so over and over.
        if (options.until?.test(printed) === true || printed.length > 30_000) child.kill('SIGKILL');
      };
      child.stdout.setEncoding('utf8').on('data', hear);
      child.stderr.setEncoding('utf8').on('data', hear);
      child.on('close', () => {
        const text = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '');
        clearTimeout(patience);
        resolve({
          status: text('result.status') === '' ? undefined : Number(text('result.status')),
          console: printed,
          shown: readShown(text('result.shown')),
          seen: text('result.seen'),
          outside: text('result.outside'),
          log: text('result.log').replaceAll(booted, '/sysroot'),
          mounts: text('result.mounts')
            .split('\n')
            .map((mount) => unescapeMount(mount.slice(booted.length)))
            .filter((mount) => mount !== ''),
          mountOptions: text('mount-options'),
        });
      });
    });
  }
}

/** How mountinfo writes blanks, tabs and backslashes. */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function readShown(text: string): ReadonlyMap<string, Seen> {
  const shown = new Map<string, Seen>();
  for (const line of text.split('\n')) {
    const [path = '', type = '', owned = '', content = '', link = ''] = line.split('\t');
    if (path === '') continue;
    const [mode = '', owner = ''] = owned.split(' ');
    shown.set(path, {
      type: type === 'file' || type === 'directory' ? type : 'missing',
      mode,
      owner,
      link: link === '' ? undefined : link,
      text: Buffer.from(content, 'base64').toString('utf8'),
    });
  }
  return shown;
}
