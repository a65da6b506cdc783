/** Builds under an engine: how many at once, how long they may take, and such as somebody stops. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { until } from '../until.ts';
import { builtLab, oneMoreFile } from './built-lab.ts';

const lab = builtLab();

const builds = async () => (await (await lab.running()).status()).builds;
const states = async () => (await builds()).map(({ state }) => state);
const halfMade = () => readdirSync(join(lab.dir, 'install/.litehouse/build'));
/** Starts a build whose command never ends; gives that command's process. */
async function hang(commit: string): Promise<string> {
  lab.builds('command');
  await lab.apply(commit);
  const file = `${lab.marker}.pid`;
  await until('command', () => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
  return readFileSync(file, 'utf8').trim();
}
const isGone = (pid: string) => () => {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
};

describe('a build that hangs', () => {
  test('says since when it runs, and is stopped by name: its commands end, the old generation stays, the next try builds', async () => {
    const [first = '', second = ''] = await lab.commits({}, oneMoreFile);
    await lab.apply(first);
    await lab.applied();
    const boot = lab.boot('n01');
    const pid = await hang(second);
    const [running] = (await builds()).filter(({ state }) => state === 'building');
    expect(Math.abs(Date.parse(running?.since ?? '') - Date.now())).toBeLessThan(60_000);
    const planned = (await lab.engine?.images())?.find(({ image }) => image === 'img')?.planned?.artifacts;
    expect(planned?.find(({ state }) => state === 'building')?.since).toBe(running?.since);
    const told: string[] = [];
    lab.engine?.on('build', (line) => void told.push(line));
    const stopped = await lab.engine?.stopBuilds('img', 'ada');
    expect(stopped).toMatchObject({
      ok: true,
      lines: [expect.stringContaining('stopped generation img'), expect.anything()],
    });
    await until('ended', isGone(pid));
    expect(halfMade()).toEqual([]);
    expect((await builds()).find(({ state }) => state === 'failed')).toMatchObject({
      detail: 'stopped by ada',
      since: undefined,
    });
    expect(told).toContain('generation img failed: stopped by ada');
    expect(lab.boot('n01')).toBe(boot);
    expect(await lab.engine?.stopBuilds('img', 'ada')).toMatchObject({ ok: false });
    // Not by itself, also not after a restart.
    lab.builds('');
    await lab.stop();
    await (await lab.start()).reconcile('start');
    expect(await states()).toContain('failed');
    await lab.engine?.reconcile('again', { retryBuilds: true });
    await lab.applied();
    expect(lab.boot('n01')).not.toBe(boot);
  });

  test('is ended after the minutes of the settings, and the failure names the setting', async () => {
    const [first = ''] = await lab.commits({});
    await lab.start(undefined, { buildMinutes: 0.005 });
    lab.builds('command');
    await lab.apply(first);
    await until('failed', async () => (await states()).includes('failed'));
    expect((await builds()).find(({ state }) => state === 'failed')?.detail).toContain('(setting buildMinutes)');
    expect(halfMade()).toEqual([]);
  });

  test('of an image that nobody builds cannot be stopped', async () => {
    const [first = ''] = await lab.commits({});
    await lab.apply(first);
    await lab.applied();
    for (const name of ['ext', 'nope', 'img'])
      expect(await lab.engine?.stopBuilds(name, 'ada'), name).toMatchObject({
        ok: false,
        lines: [expect.stringContaining(name)],
      });
  });
});

test.each([
  { width: 1, settings: {} },
  { width: 2, settings: { builds: 2 } },
])('as many builds as the settings say run at once: $width', async ({ width, settings }) => {
  const [first = ''] = await lab.commits({});
  await lab.start(undefined, settings);
  // Two others are made from the base.
  lab.engine?.on('build', (line) => {
    if (line === 'built base img') lab.builds('slow');
  });
  await lab.apply(first);
  await until('the base', async () => (await states())[0] === 'present');
  await until('the others', async () => (await states()).includes('building'));
  expect((await states()).filter((state) => state === 'building')).toHaveLength(width);
});
