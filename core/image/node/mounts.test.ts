/** State, trees and local disk that are away, late, or other than the kernel line says: what the boot program does, and says. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answerFor, link, type Row } from '../../../test/node/node-image.ts';
import { NodeLab } from '../../../test/node/node-lab.ts';

const rows: Row[] = [
  ['link', '/etc/motd'],
  ['link+persistent', '/etc/kept'],
];
const state = '10.0.0.1\t/lite/state';
const whole = answerFor(rows, { state });

let lab: NodeLab;
beforeEach(async () => {
  lab = await new NodeLab({ '/etc/motd': 'image', '/etc/kept': 'image' }).start();
  await link(lab.root, rows);
  lab.exports('10.0.0.1', '/lite/state/n01');
  lab.answer = whole;
});
afterEach(() => lab.stop());

describe('the state', () => {
  test('is never replaced by memory: the node says so and waits until it can be mounted', async () => {
    rmSync(join(lab.directory, 'nfs'), { recursive: true });
    const ended = await lab.boot({ until: /cannot mount the state[\s\S]*cannot mount the state/ });
    expect(ended.console).toContain(
      'cannot mount the state 10.0.0.1:/lite/state/n01: No such file or directory. Nothing is kept in memory',
    );
    expect(ended.console).not.toContain('laid out');
    // Back, while the node waits.
    setTimeout(() => lab.exports('10.0.0.1', '/lite/state/n01'), 500);
    const boot = await lab.boot();
    expect(boot.status).toBe(0);
    expect(boot.mounts).toContain('/.statelite/persistent/n01');
  });

  test("gets the node's directory made through its parent on a server that litehouse does not keep", async () => {
    rmSync(join(lab.directory, 'nfs/10.0.0.1/lite/state/n01'), { recursive: true });
    const boot = await lab.boot();
    expect(boot.status).toBe(0);
    expect(readdirSync(join(lab.directory, 'nfs/10.0.0.1/lite/state/n01/etc'))).toEqual(['kept']);
    expect(boot.log).toContain('made the directory n01 in 10.0.0.1:/lite/state');
    expect(boot.mounts.filter((mount) => mount.includes('.state/') || mount.endsWith('/.state'))).toEqual([]);
  });

  test("is the answer's, and a difference from the kernel line is in the log", async () => {
    const boot = await lab.boot({ words: 'STATEMNT=10.9.9.9:/old LHGEN=g1' });
    expect(boot.log).toContain('says STATEMNT=10.9.9.9:/old, the answer says 10.0.0.1:/lite/state: the answer counts');
    expect((await lab.boot({ words: 'STATEMNT=10.0.0.1:/lite/state LHGEN=g1' })).log).not.toContain(
      'the answer counts',
    );
  });

  test('that no entry needs does not stop a boot when it is away, and leaves no directory in memory', async () => {
    lab.answer = answerFor([['link', '/etc/motd']], { state: '10.0.0.9\t/away' });
    const boot = await lab.boot({ show: ['/.statelite/persistent/n01'] });
    expect(boot.status).toBe(0);
    expect(boot.console).toContain('No entry of the litefile list needs it');
    expect(boot.shown.get('/.statelite/persistent/n01')?.type).toBe('missing');
  });

  test('a local disk is never replaced by memory either', async () => {
    lab.answer = answerFor([['bind+localdisk', '/etc/motd']]);
    const boot = await lab.boot({
      env: { LH_DISK: join(lab.directory, 'no-disk') },
      until: /local disk[\s\S]*local disk/,
    });
    expect(boot.console).toContain('cannot mount the local disk');
    expect(boot.console).not.toContain('laid out');
  });
});

describe('a tree', () => {
  const tree = (words: string) => answerFor([['link', '/etc/motd']], { trees: [words] });

  test('of a foreign server that cannot be mounted is left out after some tries, and said', async () => {
    lab.answer = tree('foreign\t10.0.0.7\t/away');
    const boot = await lab.boot({ show: ['/etc/motd'] });
    expect(boot.status).toBe(0);
    expect(boot.console).toContain('FAILED: cannot mount the foreign tree 10.0.0.7:/away (litetree row of priority 1)');
    expect(boot.shown.get('/etc/motd')?.text).toBe('image');
  });

  test.each([
    'ours\t10.0.0.7\t/away',
    'foreign\t10.0.0.7\t/away\trsize=8192,required',
  ])('%j that cannot be mounted is waited for, and asked about again', async (words) => {
    lab.answer = tree(words);
    const boot = await lab.boot({ until: /Is it exported[\s\S]*Is it exported/ });
    expect(boot.console).not.toContain('laid out');
    expect(lab.asked.length).toBeGreaterThan(1);
    setTimeout(() => lab.exports('10.0.0.7', '/away', { '/etc/motd': 'tree' }), 300);
    const after = await lab.boot({ show: ['/etc/motd'] });
    expect(after.shown.get('/etc/motd')?.text).toBe('tree');
    expect(after.mountOptions).not.toContain('required');
  });

  test('is mounted read-only under its server and path, with the options of its row', async () => {
    lab.answer = tree('ours\t10.0.0.7\t/t\tvers=4.2,rsize=8192');
    lab.exports('10.0.0.7', '/t', {});
    const boot = await lab.boot();
    expect(boot.mounts).toContain('/.statelite/mnt/10.0.0.7/t');
    expect(boot.mountOptions).toBe('ro,vers=4.2,rsize=8192,proto=tcp,addr=10.0.0.7\n');
  });

  test('with a hash in its path is never handed to busybox mount, which would run a part of it', async () => {
    lab.answer = tree('foreign\t10.0.0.7\t/t/a#b');
    lab.exports('10.0.0.7', '/t/a#b', { '/etc/motd': 'tree' });
    const boot = await lab.boot({ show: ['/etc/motd'] });
    expect(boot.console).toContain(
      'FAILED: cannot mount the foreign tree 10.0.0.7:/t/a#b (litetree row of priority 1): its path has a #',
    );
    expect(boot.mountOptions).toBe('');
    expect(boot.shown.get('/etc/motd')?.text).toBe('image');
  });

  test('that is absent on its server is named in the log, and not looked for', async () => {
    lab.answer = answerFor([['link', '/etc/motd']], { more: ['absent\t1\t10.0.0.1\t/syncdirs/n01'] });
    const boot = await lab.boot();
    expect(boot.log).toContain('the server has no /syncdirs/n01 (litetree row of priority 1)');
    expect(boot.status).toBe(0);
  });

  test.each([
    ['above', ['/t/n01', '/t'], 'mine'],
    ['below', ['/t', '/t/n01'], 'all'],
  ])('%s another is told apart from it', async (_, paths, text) => {
    lab.answer = answerFor([['link', '/etc/motd']], { trees: paths.map((path) => `ours\t10.0.0.7\t${path}`) });
    lab.exports('10.0.0.7', '/t', { '/etc/motd': 'all', '/n01/etc/motd': 'mine' });
    const boot = await lab.boot({ show: ['/etc/motd'] });
    expect(boot.shown.get('/etc/motd')?.text).toBe(text);
    expect(boot.mounts).toEqual(expect.arrayContaining([`/.statelite/mnt/10.0.0.7${paths[0]}`, '/.statelite/mnt/.2']));
  });
});
