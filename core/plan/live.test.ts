/** What of images/<name>/rootimg is live, with which owner and mode, and what a plan says of it. */
import { describe, expect, it } from 'vitest';
import type { LiveOutput } from '../plugin/output.ts';
import { fakeView } from '../plugin/testing/view.ts';
import type { Image, View } from '../resolve/view.ts';
import { composeWorld } from './compose.ts';
import { diffWorlds } from './diff.ts';
import { diffToJson } from './json.ts';
import { type LiveFile, type LiveSet, liveFindings, liveSet } from './live.ts';
import type { Plan } from './make-plan.ts';
import { planToMarkdown } from './markdown.ts';
import { renderDiff } from './render.ts';
import type { World } from './world.ts';

const top = 'images/compute/rootimg';
const output: LiveOutput = {
  ...{ kind: 'live', target: 'mn', root: 'install', image: 'compute', folder: top, leaveOut: ['boot', 'lib/modules'] },
  attributes: [
    { path: `${top}/etc`, deep: true, mode: 0o640, uid: 5 },
    { path: `${top}/etc/open`, deep: false, mode: 0o644, gid: 7 },
  ],
};
const view = fakeView({
  files: [
    ...['etc/open', 'etc/secret', 'boot/vmlinuz', 'lib/modules/6.1/x.ko', 'lib/x', 'srv/.gitkeep'].map(
      (path) => `${top}/${path}`,
    ),
    { path: `${top}/bin/run`, mode: '100755' },
    { path: `${top}/etc/link`, mode: '120000' },
    'images/compute/lock',
    'images/other/rootimg/etc/x',
  ],
  texts: { [`${top}/etc/link`]: '../bin/run' },
});
const line = (file: LiveFile): string =>
  file.kind === 'link'
    ? `${file.path} > ${file.to}`
    : `${file.path} ${file.kind} ${file.mode.toString(8)} ${file.uid}:${file.gid}`;

describe('live files of an image', () => {
  it('are its folder less the inputs of the base, parents first, with owner and mode from attributes', () => {
    expect(liveSet(output, 'debian', view).files.map(line)).toEqual([
      '/bin directory 755 0:0',
      '/bin/run file 755 0:0',
      '/etc directory 750 5:0',
      '/etc/link > ../bin/run',
      '/etc/open file 644 5:7',
      '/etc/secret file 640 5:0',
      '/lib directory 755 0:0',
      '/lib/x file 644 0:0',
      '/srv directory 755 0:0',
    ]);
  });

  it('are refused where no node would see them, or litefile rows need a directory', () => {
    const plain = fakeView({
      files: ['etc/ssh', 'etc/ssh-old', 'proc/version', '.default/etc/motd'].map((path) => `${top}/${path}`),
    });
    const compute = { litefile: [{ path: '/etc/ssh/key' }] } as unknown as Image;
    const wrong: View = { ...plain, images: new Map([['compute', compute]]) };
    const found = liveFindings(liveSet({ ...output, attributes: [] }, 'debian', wrong), wrong);
    expect(found.map(({ code, at }) => `${code} ${at?.file}`)).toEqual([
      `LH511 ${top}/.default/etc/motd`,
      `LH512 ${top}/etc/ssh`,
      `LH511 ${top}/proc/version`,
    ]);
  });

  it('of one image from two plugins are refused: LH513', () => {
    const none = new Map();
    const nothing = { images: none, artifacts: none, generations: none, elsewhere: none, sets: none, diagnostics: [] };
    const shared = ['debian', 'other'].map((plugin) => ({ plugin, output }));
    const plan: Plan = { view, commit: 'c', target: 'mn', shared, ...nothing };
    const { diagnostics } = composeWorld(plan, new Map(), () => true, undefined);
    expect(diagnostics.map(({ code }) => code)).toEqual(['LH513']);
  });
});

describe('a plan', () => {
  const none = new Map();
  const world = (words: Readonly<Record<string, string>>): World => {
    const files = Object.entries(words).map(([path, digest]) => ({ path, digest, kind: 'link', to: '' }) as LiveFile);
    const set: LiveSet = { plugin: 'debian', output, files, digest: JSON.stringify(words) };
    return {
      ...{ target: 'mn', commit: 'c', roots: none, reloads: [], external: [], untouched: none, answers: none },
      ...{ addresses: none, generations: none, artifacts: none, waiting: none, elsewhere: none, heldTrees: none },
      live: new Map([['compute', set]]),
    };
  };
  const before = world({ '/a': '1', '/b': '1', '/same': '1' });
  const after = world({ '/b': '2', '/c': '1', '/same': '1' });

  it('says which live files come, change and go, and in how many generations', () => {
    const diff = diffWorlds(before, after, () => 3);
    expect(renderDiff(diff)).toContain(
      '  live         images/compute: +1 ~1 -1 in 3 generations, seen by running nodes',
    );
    expect(diffToJson(diff).live).toEqual([
      { image: 'compute', added: ['/c'], changed: ['/b'], removed: ['/a'], generations: 3 },
    ]);
    expect(planToMarkdown({ ok: true, diagnostics: [], diff })).toContain('| live | ~ | images/compute: /b |  |');
  });

  it('says nothing where they stay, and no number where none is known', () => {
    expect(renderDiff(diffWorlds(after, after)).at(-1)).toBe('  nothing changes');
    expect(renderDiff(diffWorlds(before, after)).join('\n')).toContain('images/compute: +1 ~1 -1, seen by');
  });
});
