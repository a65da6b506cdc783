/** Law 1 for images: kill -9 at every step of a removal and in the middle of a build; the next start leaves nothing behind. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { until } from '../until.ts';
import { builtLab } from './built-lab.ts';

const lab = builtLab();
const child = fileURLToPath(new URL('removal-child.ts', import.meta.url));
const argumentsFor = (killAt: string): string[] => [
  ...['--import', import.meta.resolve('tsx'), child],
  ...[lab.repository, lab.dir, lab.marker, killAt],
];
const corner = (name: string): string[] => readdirSync(join(lab.dir, 'install/.litehouse', name));

describe('killed while an artifact is removed', () => {
  test.each([
    'pending',
    'renamed',
    'forgotten',
  ])('after step %s: the next start and prune finish the job', async (step) => {
    const [first = '', second = ''] = await lab.commits({}, { 'images/img/list': 'other\n' });
    await lab.apply(first);
    await lab.applied();
    await lab.apply(second);
    await lab.applied();
    await lab.stop();
    const killed = spawnSync(process.execPath, argumentsFor(step));
    expect(killed.signal, `${killed.stderr}`).toBe('SIGKILL');
    const engine = await lab.start();
    await engine.reconcile('start');
    await lab.applied();
    await engine.pruneImages({ all: true });
    const [image] = (await engine.images()).filter((it) => it.artifacts.length > 0);
    expect(image?.artifacts.map(({ kept, lost }) => [kept[0], lost])).toEqual([
      ['planned', false],
      ['planned', false],
      ['planned', false],
    ]);
    for (const { directory } of image?.artifacts ?? []) expect(readdirSync(directory)).not.toEqual([]);
    expect(await engine.verify()).toEqual([]);
    await until('empty', () => corner('trash').length === 0);
    expect(corner('build')).toEqual([]);
    // What went comes back by a revert.
    await lab.apply(first);
    await lab.applied();
  });
});

describe('killed in the middle of a build', () => {
  test('its commands are ended by the next start, its directory is gone, and the image is built anew', async () => {
    const [first = ''] = await lab.commits({});
    await lab.apply(first);
    await lab.stop();
    rmSync(lab.dir, { recursive: true });
    lab.builds('command');
    const server = spawn(process.execPath, argumentsFor('build'), { stdio: 'ignore' });
    const ended = new Promise((resolve) => server.once('exit', resolve));
    const file = `${lab.marker}.pid`;
    await until('the command runs', () => existsSync(file) && readFileSync(file, 'utf8').trim() !== '');
    const pid = readFileSync(file, 'utf8').trim();
    server.kill('SIGKILL');
    await ended;
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    lab.builds('');
    await (await lab.start()).reconcile('start');
    // An orphan is its new parent's to bury: what is left of it has no environment.
    expect(existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '').toBe('');
    await lab.applied();
    expect(corner('build')).toEqual([]);
    await until('empty', () => corner('trash').length === 0);
  });
});
