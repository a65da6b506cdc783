/** Law 1 with links that wait: kill -9 at each step of the apply that follows a build; the next start ends where it would have. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { builtLab, oneMoreFile } from './built-lab.ts';
import { setMain, worldOf } from './engine-lab.ts';

const lab = builtLab();
/** With hard links, which are part of a world. */
const copy = (from: string, to: string) => execFileSync('cp', ['-a', '--', from, to]);
const child = fileURLToPath(new URL('removal-child.ts', import.meta.url));

test('killed at each step while an image that is there already comes back, boot files and link go together', async () => {
  const [first = '', second = ''] = await lab.commits({}, oneMoreFile);
  for (const commit of [first, second]) {
    await lab.apply(commit);
    await lab.applied();
  }
  await lab.stop();
  const start = `${lab.dir}-start`;
  copy(lab.dir, start);
  const steps: string[] = [];
  await lab.start((step, subject) => {
    steps.push(`${step} ${subject}`.trim());
  });
  await lab.apply(first);
  const wanted = worldOf(await lab.running(), lab.dir);
  const link = readlinkSync(join(lab.dir, 'install/netboot/test1/x86_64/a/rootimg'));
  for (const step of steps.filter((it) => /^(make install|flip|prune install|finish)$/.test(it))) {
    await lab.stop();
    rmSync(lab.dir, { recursive: true });
    copy(start, lab.dir);
    setMain(lab.repository, first);
    const killed = spawnSync(process.execPath, [
      ...['--import', import.meta.resolve('tsx'), child],
      ...[lab.repository, lab.dir, lab.marker, step],
    ]);
    expect(killed.signal, `${step} ${killed.stderr}`).toBe('SIGKILL');
    const engine = await lab.start();
    await engine.reconcile('start');
    expect(await lab.state(), step).toBe('applied');
    expect(worldOf(engine, lab.dir), step).toEqual(wanted);
    expect(readlinkSync(join(lab.dir, 'install/netboot/test1/x86_64/a/rootimg'))).toBe(link);
    expect(await engine.verify(), step).toEqual([]);
  }
  rmSync(start, { recursive: true });
});
