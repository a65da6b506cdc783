import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { readSettings } from '../settings.ts';

const temporary = temporaryDirs();
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const unit = readFileSync(here('litehouse.service'), 'utf8');
const unitValue = (key: string): string[] => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1]?.split(' ') ?? [];

describe('the Debian-style layout', () => {
  test('is settings that the server takes, and the unit lets it write all of their roots', async () => {
    const dir = temporary();
    copyFileSync(here('litehouse.json'), join(dir, 'litehouse.json'));
    const { roots } = await readSettings(dir);
    const writable = unitValue('ReadWritePaths').map((path) => path.replace(/^-/, ''));
    expect(writable).toContain('/var/lib/litehouse');
    for (const path of roots.values())
      expect(path.startsWith(dir) || writable.includes(path), `${path} can be written`).toBe(true);
  });

  test('is where the unit looks for it: its directory, its state directory and the mounts that it waits for', async () => {
    const command = unitValue('ExecStart');
    expect(command.slice(0, 3)).toEqual(['/usr/bin/litehouse', 'serve', '--dir']);
    const [, , , dir = ''] = command;
    expect(`/var/lib/${unitValue('StateDirectory')[0]}`).toBe(dir);
    const copy = temporary();
    copyFileSync(here('litehouse.json'), join(copy, 'litehouse.json'));
    const { roots } = await readSettings(copy);
    const places = [...roots.values()].map((path) => (path.startsWith(copy) ? dir : path));
    for (const path of unitValue('RequiresMountsFor')) expect(places, path).toContain(path);
  });

  /** Runs the commands of a text below another root, with a systemctl that only writes down what it is asked. */
  function install(commands: string): {
    readonly root: string;
    readonly said: string;
    readonly asked: readonly string[];
  } {
    const root = temporary();
    const tools = temporary();
    for (const dir of ['usr/bin', 'var/lib', 'etc/systemd/system']) mkdirSync(join(root, dir), { recursive: true });
    writeFileSync(join(tools, 'systemctl'), `#!/bin/sh\necho "$*" >> ${tools}/asked\n`, { mode: 0o755 });
    const moved = commands.replaceAll(/(?<=^|\s)\/(?=[a-z])/gm, `${root}/`);
    const { status, stderr } = spawnSync('sh', ['-ec', moved], {
      cwd: here('../..'),
      env: { ...process.env, PATH: `${tools}:${process.env.PATH}` },
      encoding: 'utf8',
    });
    const asked = join(tools, 'asked');
    return {
      root,
      said: status === 0 ? stderr : `exit ${status}: ${stderr}`,
      asked: existsSync(asked) ? readFileSync(asked, 'utf8').trim().split('\n') : [],
    };
  }

  test('is what the steps of the README make: every file that they name is there, and the unit finds all that it needs', async () => {
    const readme = readFileSync(here('../../README.md'), 'utf8');
    const section = readme.slice(readme.indexOf('## Running it for good'));
    const [steps = ''] = /(?:^ {4}.*\n)+/m.exec(section) ?? [];
    expect(steps).toContain('litehouse.service');
    const { root, said, asked } = install(steps);
    expect(said).toBe('');
    expect(asked).toEqual(['daemon-reload', 'enable --now litehouse']);
    expect(readFileSync(join(root, 'etc/systemd/system/litehouse.service'), 'utf8')).toBe(unit);
    const [program = '', , , dir = ''] = unitValue('ExecStart');
    expect(readFileSync(join(root, dir, 'litehouse.json'), 'utf8')).toBe(readFileSync(here('litehouse.json'), 'utf8'));
    for (const path of unitValue('ReadWritePaths').filter((each) => !each.startsWith('-')))
      expect(statSync(join(root, path)).isDirectory(), path).toBe(true);
    const run = spawnSync(join(root, program), ['serve', '--help'], { encoding: 'utf8' });
    expect([run.status, run.stdout]).toEqual([0, expect.stringContaining('--dir')]);
    const classic = spawnSync(join(root, '/usr/bin/chtab'), ['--help'], { encoding: 'utf8' });
    expect([classic.status, classic.stdout]).toEqual([0, expect.stringContaining('Usage: chtab ')]);
  });

  test('is made by the steps at the top of the unit, too', () => {
    const [, steps = ''] = /^# {3}(mkdir .*)$/m.exec(unit) ?? [];
    const { root, said, asked } = install(steps);
    expect([said, asked]).toEqual(['', ['daemon-reload', 'enable --now litehouse']]);
    for (const path of unitValue('ReadWritePaths').filter((each) => !each.startsWith('-')))
      expect(existsSync(join(root, path)), path).toBe(true);
  });

  test('serves boot loaders on the port of TFTP, and may also where it is not root', async () => {
    const dir = temporary();
    copyFileSync(here('litehouse.json'), join(dir, 'litehouse.json'));
    expect((await readSettings(dir)).tftpListen).toEqual({ host: '0.0.0.0', port: 69 });
    expect(unitValue('AmbientCapabilities')).toContain('CAP_NET_BIND_SERVICE');
  });

  test('gives the server long enough to stop: people, nodes and pushes have 30 s each, and loaders', () => {
    expect(Number(unitValue('TimeoutStopSec')[0])).toBeGreaterThan(120);
  });

  /** Runs systemd's own check on the unit, with a program that is there; undefined where systemd is not installed. */
  function analyze(...args: readonly string[]): { readonly status: number | null; readonly out: string } | undefined {
    const file = join(temporary(), 'litehouse.service');
    writeFileSync(file, unit.replace('/usr/bin/litehouse', process.execPath));
    const { status, stdout, stderr, error } = spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' });
    if (error !== undefined) {
      console.error(`NOT CHECKED: the unit was not given to systemd-analyze (${error.message}); install systemd`);
      return undefined;
    }
    return { status, out: stdout + stderr };
  }

  test('is a unit in which systemd finds no fault', () => {
    const said = analyze('verify', '--man=no');
    if (said !== undefined) expect(said).toEqual({ status: 0, out: '' });
  });

  test('is shut in: systemd rates its exposure below 5 of 10', () => {
    const said = analyze('security', '--offline=true', '--threshold=50');
    if (said?.out.includes('unrecognized option')) console.error('NOT CHECKED: this systemd cannot rate a file');
    else if (said !== undefined) expect(said.status, said.out.slice(-300)).toBe(0);
  });
});
