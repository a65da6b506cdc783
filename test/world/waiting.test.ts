/** DESIGN 7: a node whose artifact is missing keeps its whole previous set, then flips as a unit. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { until } from '../until.ts';
import { builtLab, lines, oneMoreFile } from './built-lab.ts';
import { read } from './engine-lab.ts';

const lab = builtLab();

describe('a node that waits for its image', () => {
  test('has no boot file before the first image is built, and its refusal says what it waits for', async () => {
    const [first = ''] = await lab.commits({});
    lab.builds('slow');
    await lab.apply(first);
    const status = await (await lab.running()).status();
    expect(status.state).toBe('applied, waiting');
    expect(status.waiting).toEqual([{ image: 'img', why: 'image img', nodes: ['n01', 'n02'] }]);
    expect(existsSync(join(lab.dir, 'tftp/pxelinux.cfg/n01'))).toBe(false);
    expect(lab.boot('n03')).toContain('NFSROOT=10.0.0.1:/install/netboot/rh5/x86_64/a ');
    expect(lab.engine?.answerFor('10.0.0.11')).toMatchObject({
      kind: 'refusal',
      status: 403,
      reason: 'n01 waits for image img',
    });
    lab.builds('');
    await lab.applied();
    expect(lab.boot('n01')).toMatch(/NFSROOT=10\.0\.0\.1:\/install\/netboot\/test1\/x86_64\/a\/[0-9a-f]{16} /);
    expect(lab.engine?.answerFor('10.0.0.11')).toMatchObject({ kind: 'answer', commit: first });
  });

  test('keeps boot file, exports and answer of the old commit while others flip, then flips as a unit', async () => {
    const [first = '', second = ''] = await lab.commits(
      {},
      {
        ...oneMoreFile,
        'tables/noderes.csv': lines('#node,netboot,nfsserver,xcatmaster', '"all","pxe","10.0.0.7","10.0.0.1"'),
        'tables/hosts.csv': lines('#node,ip', '"n01","10.0.0.21"', '"n02","10.0.0.12"', '"n03","10.0.0.13"'),
      },
    );
    await lab.apply(first);
    await lab.applied();
    const old = lab.boot('n01');
    const oldAnswer = lab.engine?.answer('n01').text;
    lab.builds('slow');
    await lab.apply(second);
    expect(lab.boot('n01')).toBe(old);
    expect(existsSync(join(lab.dir, 'tftp/pxelinux.cfg/0A00000B'))).toBe(true);
    expect(existsSync(join(lab.dir, 'tftp/pxelinux.cfg/0A000015'))).toBe(false);
    expect(lab.engine?.answer('n01').text).toBe(oldAnswer);
    // Still known by the address that its old boot file stands under.
    expect(lab.engine?.answerFor('10.0.0.11')).toMatchObject({ kind: 'answer', commit: first });
    expect(lab.boot('n03')).toContain('NFSROOT=10.0.0.7:');
    lab.builds('');
    await lab.applied();
    expect(lab.boot('n01')).toContain('NFSROOT=10.0.0.7:');
    expect(existsSync(join(lab.dir, 'tftp/pxelinux.cfg/0A00000B'))).toBe(false);
    expect(lab.engine?.answerFor('10.0.0.21')).toMatchObject({ kind: 'answer', commit: second });
    expect(lab.engine?.answer('n01').text).toContain('file\tlink\t/etc/issue');
  });

  test('a failed build leaves the old set in service, says so, and is built again when asked', async () => {
    const [first = '', second = ''] = await lab.commits({}, oneMoreFile);
    await lab.apply(first);
    await lab.applied();
    const old = lab.boot('n01');
    lab.builds('fail');
    await lab.apply(second);
    await until('failure', async () =>
      (await (await lab.running()).status()).builds.some(({ state }) => state === 'failed'),
    );
    const status = await (await lab.running()).status();
    expect(status.builds.find(({ state }) => state === 'failed')?.detail).toMatch(/generation img fails/);
    await until('settled', async () => (await lab.state()) === 'applied, waiting');
    expect(lab.boot('n01')).toBe(old);
    lab.builds('');
    await lab.engine?.reconcile('again', { retryBuilds: true });
    await lab.applied();
    expect(lab.boot('n01')).not.toBe(old);
  });

  test('keeps its set across a restart in the middle of the build, and the old commit survives git gc', async () => {
    const [first = '', second = ''] = await lab.commits({}, oneMoreFile);
    await lab.apply(first);
    await lab.applied();
    const old = lab.boot('n01');
    const oldAnswer = lab.engine?.answer('n01').text;
    lab.builds('slow');
    // The second commit is an orphan, so that nothing but litehouse holds the first one.
    const tree = execFileSync('git', ['-C', lab.repository, 'rev-parse', `${second}^{tree}`])
      .toString()
      .trim();
    const identity = {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@b',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@b',
    };
    const orphan = execFileSync('git', ['-C', lab.repository, 'commit-tree', '-m', 'orphan', tree], {
      env: { ...process.env, ...identity },
    });
    await lab.apply(orphan.toString().trim());
    await lab.stop();
    execFileSync('git', ['-C', lab.repository, 'reflog', 'expire', '--expire=now', '--all']);
    execFileSync('git', ['-C', lab.repository, 'gc', '--quiet', '--prune=now']);
    const restarted = await lab.start();
    await restarted.reconcile('start');
    expect(lab.boot('n01')).toBe(old);
    expect(restarted.answer('n01').text).toBe(oldAnswer);
    expect(await restarted.verify()).toEqual([]);
    lab.builds('');
    await lab.applied();
    expect(lab.boot('n01')).not.toBe(old);
  });

  test('a revert while the build runs brings everything back without waiting for it', async () => {
    const [first = '', second = '', third = ''] = await lab.commits({}, oneMoreFile, {});
    await lab.apply(first);
    await lab.applied();
    const old = lab.boot('n01');
    lab.builds('slow');
    await lab.apply(second);
    await lab.apply(third);
    expect((await lab.state()) === 'applied').toBe(true);
    expect(lab.boot('n01')).toBe(old);
    expect(lab.engine?.answerFor('10.0.0.11')).toMatchObject({ commit: third });
  });

  test('another node that is to get its address waits behind it, so that both sets stay whole', async () => {
    const swapped = lines('#node,ip', '"n01","10.0.0.13"', '"n02","10.0.0.12"', '"n03","10.0.0.11"');
    const [first = '', second = ''] = await lab.commits({}, { ...oneMoreFile, 'tables/hosts.csv': swapped });
    await lab.apply(first);
    await lab.applied();
    const old = [lab.boot('n01'), lab.boot('n03')];
    lab.builds('slow');
    await lab.apply(second);
    const status = await (await lab.running()).status();
    expect(status.waiting).toContainEqual({ image: undefined, why: 'node n01', nodes: ['n03'] });
    expect([lab.boot('n01'), lab.boot('n03')]).toEqual(old);
    expect(lab.engine?.answerFor('10.0.0.13')).toMatchObject({ kind: 'answer', commit: first });
    lab.builds('');
    await lab.applied();
    expect(read(join(lab.dir, 'tftp/pxelinux.cfg/0A00000B'))).toBe(lab.boot('n03'));
    expect(read(join(lab.dir, 'tftp/pxelinux.cfg/0A00000D'))).toBe(lab.boot('n01'));
  });

  test('a generation that a node still boots with is answered after the flip; an unknown one is refused', async () => {
    const [first = '', second = ''] = await lab.commits({}, oneMoreFile);
    await lab.apply(first);
    await lab.applied();
    const before = lab.engine?.answer('n01');
    const generation = before?.kind === 'answer' ? before.generation : '';
    await lab.apply(second);
    await lab.applied();
    const late = lab.engine?.answerFor('10.0.0.11', generation);
    expect(late).toMatchObject({ kind: 'answer', generation, commit: second });
    expect(late?.text).not.toContain('/etc/issue');
    expect(lab.engine?.answerFor('10.0.0.11')?.text).toContain('/etc/issue');
    expect(lab.engine?.answerFor('10.0.0.11', 'deadbeef')).toMatchObject({ kind: 'refusal', status: 409 });
  });
});
