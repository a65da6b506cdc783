import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
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

  test('gives the server long enough to stop: people, nodes and pushes have 30 s each', () => {
    expect(Number(unitValue('TimeoutStopSec')[0])).toBeGreaterThan(90);
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
