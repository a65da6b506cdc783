/** The node cases of the original (facts 5 and 6, later dialect): the same result, or a stated difference. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { answerFor, link, plant, type Row, type Tree } from '../../../test/node/node-image.ts';
import { type Boot, NodeLab } from '../../../test/node/node-lab.ts';
import { optionKind } from '../../resolve/options.ts';

interface ManifestEntry {
  readonly path: string;
  readonly type: 'file' | 'dir' | 'symlink';
  readonly mode?: string;
  readonly content?: string;
  readonly target?: string;
}

const cases = fileURLToPath(new URL('../../../test/fixtures/cases/', import.meta.url));
const read = (name: string, file: string) => readFileSync(join(cases, name, file), 'utf8');
const manifest = (name: string, file: string): ManifestEntry[] =>
  read(name, file)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ManifestEntry);

let lab: NodeLab;
afterEach(() => lab.stop());

/** Lays a case out, and gives the paths of its entries. */
async function setUp(name: string): Promise<readonly Row[]> {
  const image: Record<string, Tree[string]> = {};
  for (const { path, type, mode, content, target } of manifest(name, 'input.manifest.jsonl')) {
    if (type === 'dir') image[`${path}/`] = { mode: Number.parseInt(mode ?? '755', 8) };
    else if (type === 'file') image[path] = { text: content ?? '', mode: Number.parseInt(mode ?? '644', 8) };
    else image[path] = { link: target ?? '' };
  }
  const rows = [...read(name, 'litefile-n01.txt').matchAll(/^n01: (\S+)\s+(\S+)$/gm)].flatMap(
    ([, word, path]): Row[] => {
      const kind = optionKind(word, 'later');
      return kind === undefined || path === undefined ? [] : [[kind, path]];
    },
  );
  lab = await new NodeLab(image).start();
  await link(lab.root, rows);
  const exported = JSON.parse(read(name, 'exports.json')) as Record<string, string>;
  lab.exports('10.0.0.1', '/t/one');
  lab.exports('10.0.0.1', '/t/two');
  for (const [path, text] of Object.entries(exported)) plant(join(lab.directory, 'nfs'), { [path]: text });
  const before = existsSync(join(cases, name, 'state-before.json'))
    ? (JSON.parse(read(name, 'state-before.json')) as Record<string, string>)
    : {};
  plant(lab.exports('10.0.0.1', '/state'), before);
  lab.answer = answerFor(rows, {
    trees: ['ours\t10.0.0.1\t/t/one', 'ours\t10.0.0.1\t/t/two'],
    state: '10.0.0.1\t/state',
  });
  return rows;
}

/** Made or changed by the original's image step (a root password) or by the rig that ran it. */
const byTheLinker = new Set(['/etc/shadow', '/usr/bin']);

/** What stands where the original has something other, `path mode content` a line. */
function differences(name: string, file: string, boot: Boot): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { path, type, mode, content } of manifest(name, file)) {
    const seen = boot.shown.get(path);
    if (path.startsWith('/.statelite') || byTheLinker.has(path) || seen === undefined) continue;
    const ours =
      `${seen.type}${seen.link === undefined ? ` ${seen.mode}` : ''} ${seen.type === 'file' ? seen.text : ''}`.trim();
    const theirs = `${type === 'dir' ? 'directory' : 'file'}${type === 'symlink' ? '' : ` ${mode?.replace(/^0/, '')}`} ${content ?? ''}`;
    if (type === 'symlink' && content === undefined) continue;
    if (ours !== theirs.trim()) found[path] = ours;
  }
  return found;
}

async function bootOf(name: string, file: string, look = ''): Promise<Boot> {
  const show = manifest(name, file).map(({ path }) => path);
  const boot = await lab.boot({ show, look });
  expect(boot.console).not.toContain('FAILED');
  return boot;
}

describe('N01: each option on a file, and a second boot after the node wrote into every file', () => {
  test('is as the original has it but for con, which has the image first and its mode', async () => {
    const rows = await setUp('N01-options-files');
    const write = rows.map(([, path]) => `echo written-by-node >>${path}`).join('\n');
    const ours = {
      // A link to the tree's file, which shows later changes; the original binds the file as it is (RULES).
      '/etc/resolv.conf': 'file two resolv',
      '/root/.bashrc': 'file alias ll=ls\none bashrc\ntwo bashrc',
      '/var/log/messages': 'file 600 boot\none msg\ntwo msg',
    };
    const first = await bootOf('N01-options-files', 'expected-head.boot1/manifest.jsonl', write);
    expect(differences('N01-options-files', 'expected-head.boot1/manifest.jsonl', first)).toEqual(ours);
    expect(first.mounts).toEqual(
      expect.arrayContaining(['/etc/hosts', '/etc/ntp.conf', '/usr/tool', '/var/log/messages']),
    );
    expect(first.shown.get('/etc/resolv.conf')?.link).toBe('../.statelite/tmpfs/etc/resolv.conf');
    const second = await bootOf('N01-options-files', 'expected-head.boot2/manifest.jsonl');
    expect(differences('N01-options-files', 'expected-head.boot2/manifest.jsonl', second)).toEqual(ours);
  });
});

describe('N02: con with two trees, one, none, and on a file that is nowhere', () => {
  test('has the image first, which the original has only where no tree does', async () => {
    await setUp('N02-con');
    const boot = await bootOf('N02-con', 'expected-head.boot1/manifest.jsonl');
    expect(differences('N02-con', 'expected-head.boot1/manifest.jsonl', boot)).toEqual({
      '/etc/hosts': 'file 644 127.0.0.1 localhost\ntwo hosts',
      '/etc/motd': 'file 644 welcome\none motd\ntwo motd',
      '/etc/resolv.conf': 'file nameserver 10.0.0.1\ntwo resolv',
      '/root/.bashrc': 'file alias ll=ls\none bashrc\ntwo bashrc',
    });
    expect(boot.shown.get('/etc/nofile')).toMatchObject({ type: 'file', text: '' });
  });
});

describe('N03: directories in two trees, with files whose names begin with a dot', () => {
  test('are the first tree over the image; the original mixes trees, and loses what the image has', async () => {
    await setUp('N03-dirs-two-trees');
    const names = ['/etc/ssh', '/var/lib/dhcp', '/var/lib/nfs', '/var/log', '/var/run', '/var/tmp'];
    const files = [
      '/etc/ssh/k',
      '/var/lib/dhcp/x',
      '/var/lib/nfs/a',
      '/var/lib/nfs/.dot1',
      '/var/log/p',
      '/var/log/messages',
    ];
    const boot = await lab.boot({ show: [...names, ...files] });
    expect(boot.console).not.toContain('FAILED');
    const text = (path: string) => boot.shown.get(path)?.text.trim();
    expect(names.map((name) => [name, text(name)?.split('\n')])).toEqual([
      ['/etc/ssh', ['k', 'sshd_config']],
      ['/var/lib/dhcp', ['x']],
      ['/var/lib/nfs', ['.dot1', 'a', 'state']],
      ['/var/log', ['messages', 'p']],
      ['/var/run', ['']],
      ['/var/tmp', ['']],
    ]);
    expect(files.map(text)).toEqual(['one k', 'one x', 'one a', 'one dot', 'one p', 'boot']);
    expect(boot.shown.get('/var/lib/nfs')?.mode).toBe('750');
    expect(boot.shown.get('/var/tmp')?.mode).toBe('1777');
  });
});

describe('N06: persistent content that is there already', () => {
  test('wins over tree and image, as in the original', async () => {
    await setUp('N06-persistent-existing');
    const boot = await bootOf('N06-persistent-existing', 'expected-head.boot1/manifest.jsonl');
    expect(differences('N06-persistent-existing', 'expected-head.boot1/manifest.jsonl', boot)).toEqual({});
  });
});
