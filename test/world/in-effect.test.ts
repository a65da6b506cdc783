/** What is in effect stays in effect: across restarts, refused commits, failed applies and paths in the way. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { contractVersion, definePlugin } from '../../core/plugin/plugin.ts';
import { until } from '../until.ts';
import { builtLab, lines, oneMoreFile } from './built-lab.ts';
import { labEngine, setMain } from './engine-lab.ts';

const lab = builtLab();

/** A disk that is full when the boot files are to be made. */
function fullDisk(step: string, subject: string): void {
  if (step === 'make' && subject === 'tftp') throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
}

describe('what is in effect', () => {
  test('a node that waits with nothing still has nothing after a restart', async () => {
    const [first = ''] = await lab.commits({});
    lab.builds('slow');
    await lab.apply(first);
    await lab.stop();
    const again = await lab.start();
    expect(again.answerFor('10.0.0.11')).toMatchObject({ kind: 'refusal' });
    await again.reconcile('start');
    expect(existsSync(join(lab.dir, 'tftp/pxelinux.cfg/n01'))).toBe(false);
    expect((await again.status()).state).toBe('applied, waiting');
    expect(again.answerFor('10.0.0.11')).toMatchObject({ kind: 'refusal' });
  });
  test('a new node behind a waiting one still waits after a restart', async () => {
    const withNew = {
      'tables/nodelist.csv': lines(
        '#node,groups',
        '"n01","built,all"',
        '"n02","built,all"',
        '"n03","plain,all"',
        '"n04","plain,all"',
      ),
      'tables/mac.csv': lines(
        '#node,mac',
        '"n01","00:00:00:00:00:01"',
        '"n02","00:00:00:00:00:02"',
        '"n03","00:00:00:00:00:03"',
        '"n04","00:00:00:00:00:04"',
      ),
      'tables/hosts.csv': lines(
        '#node,ip',
        '"n01","10.0.0.21"',
        '"n02","10.0.0.12"',
        '"n03","10.0.0.13"',
        '"n04","10.0.0.11"',
      ),
    };
    const [first = '', second = ''] = await lab.commits({}, { ...oneMoreFile, ...withNew });
    await lab.apply(first);
    await lab.applied();
    lab.builds('slow');
    await lab.apply(second);
    expect(lab.engine?.answer('n04')).toMatchObject({ kind: 'refusal' });
    await lab.stop();
    const again = await lab.start();
    const r = await again.reconcile('start');
    expect(r).toMatchObject({ ok: true });
    expect((await again.status()).state).toBe('applied, waiting');
    expect(again.answer('n04')).toMatchObject({ kind: 'refusal' });
    expect(again.answerFor('10.0.0.11')).toMatchObject({ kind: 'answer', commit: first });
  });
  test('since when a commit is in effect, and what that took, is told whatever applies it once more', async () => {
    const [first = '', second = ''] = await lab.commits({}, oneMoreFile);
    await lab.apply(first);
    await lab.applied();
    const told = async () => (await lab.engine?.status())?.record;
    const came = await told();
    expect(came?.summary?.written).toBeGreaterThan(0);
    await lab.stop();
    await (await lab.start()).reconcile('start');
    await lab.engine?.reconcile('asked', { again: true });
    const { appliedAt, summary, again } = (await told()) ?? {};
    expect({ appliedAt, summary }).toEqual({ appliedAt: came?.appliedAt, summary: came?.summary });
    expect(again).toMatchObject({ written: 0 });
    await lab.apply(second);
    await lab.applied();
    // It went, and has come anew.
    await lab.apply(first);
    await lab.applied();
    expect(Date.parse((await told())?.appliedAt ?? '')).toBeGreaterThan(Date.parse(came?.appliedAt ?? ''));
  });
  test('an engine that looks at nothing tells what the one before did', async () => {
    const [first = '', bad = ''] = await lab.commits({}, { 'tables/nodelist.csv': '#node,groups\n"n01,"x\n' });
    await lab.apply(first);
    await lab.applied();
    await lab.stop();
    expect(await (await lab.start()).status()).toMatchObject({ state: 'applied', problem: undefined });
    setMain(lab.repository, bad);
    expect((await lab.engine?.status())?.state).toBe('applying');
    await lab.engine?.reconcile('poll');
    await lab.stop();
    expect(await (await lab.start()).status()).toMatchObject({
      state: 'refused',
      problem: expect.stringContaining('cannot be applied'),
    });
  });
  test('the branch goes to a bad commit and back: no problem left', async () => {
    const [first = '', bad = ''] = await lab.commits({}, { 'tables/nodelist.csv': '#node,groups\n"n01,"x\n' });
    await lab.apply(first);
    await lab.applied();
    setMain(lab.repository, bad);
    await lab.engine?.reconcile('poll');
    expect((await lab.engine?.status())?.state).toBe('refused');
    expect((await lab.engine?.status())?.applied).toBe(first);
    setMain(lab.repository, first);
    await lab.engine?.reconcile('poll');
    expect(await lab.engine?.status()).toMatchObject({ state: 'applied', problem: undefined });
  });
  test('restarted with a bad head, the commit in effect is still told', async () => {
    const [first = '', bad = ''] = await lab.commits({}, { 'tables/nodelist.csv': '#node,groups\n"n01,"x\n' });
    await lab.apply(first);
    await lab.applied();
    setMain(lab.repository, bad);
    await lab.engine?.reconcile('poll');
    await lab.stop();
    const again = await lab.start();
    await again.reconcile('start');
    expect(await again.status()).toMatchObject({ state: 'refused', applied: first });
  });
  test('a build that ends while main is bad still flips its nodes', async () => {
    const [first = '', bad = ''] = await lab.commits({}, { 'tables/nodelist.csv': '#node,groups\n"n01,"x\n' });
    lab.builds('slow');
    await lab.apply(first);
    setMain(lab.repository, bad);
    await lab.engine?.reconcile('poll');
    lab.builds('');
    await until('built', () => existsSync(join(lab.dir, 'tftp/pxelinux.cfg/n01')));
  });
  test('a blocked path is said, and made by litehouse apply once it is moved away', async () => {
    const [first = ''] = await lab.commits({});
    mkdirSync(join(lab.dir, 'tftp/pxelinux.cfg'), { recursive: true });
    writeFileSync(join(lab.dir, 'tftp/pxelinux.cfg/n03'), 'mine');
    await lab.apply(first);
    await until('settled', async () => (await lab.state()) === 'applied, blocked');
    const status = await lab.engine?.status();
    expect(status?.blocked).toHaveLength(1);
    expect(status?.state).toBe('applied, blocked');
    expect(status?.problem).toContain('tftp:pxelinux.cfg/n03 is blocked');
    rmSync(join(lab.dir, 'tftp/pxelinux.cfg/n03'));
    await lab.engine?.reconcile('litehouse apply', { again: true });
    expect(existsSync(join(lab.dir, 'tftp/pxelinux.cfg/n03'))).toBe(true);
    expect((await lab.engine?.status())?.blocked).toHaveLength(0);
  });
  test('a node removed from nodelist while it waits is gone, also after a restart', async () => {
    const [first = '', second = '', third = ''] = await lab.commits({}, oneMoreFile, {
      ...oneMoreFile,
      'tables/nodelist.csv': lines('#node,groups', '"n02","built,all"', '"n03","plain,all"'),
    });
    await lab.apply(first);
    await lab.applied();
    lab.builds('slow');
    await lab.apply(second);
    await lab.apply(third);
    expect(existsSync(join(lab.dir, 'tftp/pxelinux.cfg/n01'))).toBe(false);
    expect(lab.engine?.answer('n01')).toMatchObject({ status: 404 });
    await lab.stop();
    const again = await lab.start();
    expect(await again.reconcile('start')).toMatchObject({ ok: true });
    expect(existsSync(join(lab.dir, 'tftp/pxelinux.cfg/n01'))).toBe(false);
    expect(lab.boot('n02')).toContain('NFSROOT');
    expect(again.answer('n02')).toMatchObject({ kind: 'answer', commit: first });
  });
  test('a failed apply is not said to be applied, and nodes get the old answer, also after a restart', async () => {
    const [first = '', second = ''] = await lab.commits(
      {},
      {
        'tables/noderes.csv': lines('#node,netboot,nfsserver,xcatmaster', '"all","pxe","10.0.0.7","10.0.0.1"'),
        'tables/litetree.csv': lines('#priority,image,directory', '"1","ALL","10.0.0.9:/x"'),
      },
    );
    await lab.apply(first);
    await lab.applied();
    const before = lab.engine?.answer('n03').text;
    await lab.stop();
    setMain(lab.repository, second);
    for (const start of ['first', 'restarted']) {
      const engine = await lab.start(fullDisk);
      expect(engine.answer('n03').text, start).toBe(before);
      await engine.reconcile('test');
      expect(engine.answer('n03').text, start).toBe(before);
      expect(await engine.status(), start).toMatchObject({ state: 'failed', applied: first });
      await lab.stop();
    }
  });

  test('a failed apply is tried again at the next look, also when main was taken back meanwhile', async () => {
    const [first = '', second = ''] = await lab.commits(
      {},
      { 'tables/noderes.csv': lines('#node,netboot,nfsserver,xcatmaster', '"all","pxe","10.0.0.7","10.0.0.1"') },
    );
    await lab.apply(first);
    await lab.applied();
    await lab.stop();
    let full = true;
    const engine = await lab.start((step, subject) => {
      if (full) fullDisk(step, subject);
    });
    setMain(lab.repository, second);
    expect(await engine.reconcile('test')).toMatchObject({ ok: false });
    setMain(lab.repository, first);
    full = false;
    expect(await engine.reconcile('test')).toMatchObject({ ok: true });
    expect(await engine.status()).toMatchObject({ state: 'applied', applied: first, problem: undefined });
    expect(await engine.verify()).toEqual([]);
  });

  test('a plugin that plans below a root that the settings lack is refused before anything is applied', async () => {
    const [first = ''] = await lab.commits({});
    const homeless = definePlugin({
      name: 'homeless',
      contract: contractVersion,
      version: '1',
      about: 'Plans below a root that is not there.',
      reads: {},
      options: z.strictObject({}),
      setup: () => ({
        plan: () => [{ kind: 'file', target: 'mn', root: 'nowhere', path: 'a', mode: 0o644, content: { text: 'a' } }],
      }),
    });
    setMain(lab.repository, first);
    const engine = await labEngine({ repository: lab.repository, dir: lab.dir, plugins: [homeless] });
    const result = await engine.reconcile('test');
    expect(result.ok).toBe(false);
    expect(result.lines.join()).toContain("LH503: plugin homeless: it plans below root 'nowhere'");
    expect(await engine.status()).toMatchObject({ state: 'refused', applied: undefined });
    await engine.close();
  });

  test('a branch that is gone is a problem, and what is in effect stays', async () => {
    const [first = ''] = await lab.commits({});
    await lab.apply(first);
    await lab.applied();
    const before = lab.boot('n01');
    execFileSync('git', ['-C', lab.repository, 'update-ref', '-d', 'refs/heads/main']);
    expect(await lab.engine?.reconcile('poll')).toMatchObject({ ok: false, commit: first });
    expect(await lab.engine?.status()).toMatchObject({ head: undefined, applied: first, state: 'failed' });
    expect(lab.boot('n01')).toBe(before);
    setMain(lab.repository, first);
    expect(await lab.engine?.reconcile('poll')).toMatchObject({ ok: true });
    expect(await lab.state()).toBe('applied');
  });
});
