/** Runs the initrd's own scripts without a machine: in a root of their own, with functions in the place of what needs a kernel. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownText } from '../../core/image/node/program.ts';
import { plant, type Tree } from './node-image.ts';
import { longestRun } from './node-lab.ts';

export interface ScriptRun {
  /** Everything on the console. */
  readonly console: string;
  /** Exit status; undefined where it was ended. */
  readonly status: number | undefined;
}

export interface ScriptOptions {
  /** Bodies of shell functions that stand in for commands; they go before those that every run has. */
  readonly commands?: Readonly<Record<string, readonly string[]>>;
  /** Ends the run once the console matches. */
  readonly until?: RegExp;
}

/** No command waits, and none reaches the host's kernel. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  mount: [':'],
  umount: [':'],
  modprobe: [':'],
  ip: [':'],
  sleep: ['usleep 2000'],
  timeout: ['shift', '"$@"'],
  uname: ['echo 6.1.0-test'],
  udhcpc: ['echo 10.0.0.5 >/run/litehouse/address'],
};

/** An initrd laid out in a directory, whose kernel line, devices and boot program are a test's. */
export class InitLab {
  readonly root = mkdtempSync(join(tmpdir(), 'litehouse-init-'));

  constructor(files: Tree = {}) {
    plant(this.root, {
      '/dev/console': '',
      '/etc/litehouse.conf': "kernel='6.1.0-test'\npermission='755'\nbootif=''\notherifs=''\nmodules=''\n",
      '/proc/uptime': '1.00 1.00\n',
      '/proc/cmdline': 'NFSROOT=10.0.0.1:/i XCAT=10.0.0.1:3001\n',
      '/proc/sys/kernel/random/uuid': '01234567-0000-4000-8000-000000000000\n',
      '/run/litehouse/': '',
      '/sys/devices/': '',
      '/sys/class/net/': '',
      '/sysroot/': '',
      '/statelite': ownText('statelite'),
    });
    mkdirSync(join(this.root, 'bin'));
    copyFileSync('/bin/busybox', join(this.root, 'bin/busybox'));
    for (const path of Object.keys(files))
      rmSync(join(this.root, path.replace(/\/$/, '')), { recursive: true, force: true });
    plant(this.root, files);
  }

  stop(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** An Ethernet card. */
  card(name: string, mac: string, linked = true): void {
    plant(join(this.root, 'sys/class/net', name), {
      type: '1\n',
      address: `${mac}\n`,
      carrier: linked ? '1\n' : '0\n',
      'device/': '',
    });
  }

  /** What stands in for `statelite boot`; the words of the kernel line are still the program's own reading. */
  bootProgram(lines: readonly string[]): void {
    writeFileSync(join(this.root, 'statelite.real'), ownText('statelite'));
    const real = '[ "$1" = boot ] || exec /bin/busybox sh /statelite.real "$@"';
    writeFileSync(join(this.root, 'statelite'), ['#!/bin/busybox sh', real, ...lines, ''].join('\n'));
  }

  text(path: string): string {
    const at = join(this.root, path);
    return statSync(at, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(at, 'utf8') : '';
  }

  /** Runs a script of core/image/initrd as the initrd would, and gives what it said on the console. */
  run(script: string, options: ScriptOptions = {}): Promise<ScriptRun> {
    const functions = Object.entries({ ...harmless, ...options.commands }).map(
      ([name, lines]) => `${name}() {\n${lines.join('\n')}\n}\n`,
    );
    // busybox takes its own applets before anything in PATH, but functions before its applets.
    writeFileSync(join(this.root, 'script'), `${functions.join('')}${ownText(`../initrd/${script}`)}`);
    return new Promise((resolve) => {
      const child = spawn('/usr/sbin/chroot', [this.root, '/bin/busybox', 'sh', '/script'], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { NEWROOT: '/sysroot' },
      });
      let printed = '';
      const keep = (text: string) => {
        printed += text;
      };
      child.stdout.setEncoding('utf8').on('data', keep);
      child.stderr.setEncoding('utf8').on('data', keep);
      const said = () => `${this.text('dev/console')}${printed}`;
      const patience = setTimeout(() => {
        printed += `[lab] killed after ${longestRun / 1000} seconds\n`;
        child.kill('SIGKILL');
      }, longestRun);
      const listen = setInterval(() => {
        if (options.until?.test(said()) === true || said().length > 30_000) child.kill('SIGKILL');
      }, 20);
      child.on('close', (status) => {
        clearTimeout(patience);
        clearInterval(listen);
        resolve({ console: said(), status: status ?? undefined });
      });
    });
  }
}
