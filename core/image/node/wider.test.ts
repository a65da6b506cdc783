/** A persistent row around data of a narrower one: it gets its first content, and what is kept inside stays, whenever a node dies. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linkedLab } from '../../../test/node/linked-lab.ts';
import { answerFor, type Row } from '../../../test/node/node-image.ts';
import type { Boot, NodeLab } from '../../../test/node/node-lab.ts';

const image = {
  '/var/lib/beside': 'image',
  '/var/lib/foo/': { mode: 0o750, owner: 12 },
  '/var/lib/foo/conf': 'image',
  '/var/lib/foo/.hidden': 'image',
  '/var/lib/foo/db/table': 'image',
  '/var/lib/foo/db/gone': 'image',
  '/var/lib/foo/sub/deep/log': 'image',
  '/var/lib/foo/sub/deep/more': 'image',
  '/var/lib/foo/sub/f': 'image',
};
const narrow: Row[] = [
  ['bind+persistent', '/var/lib/foo/db/'],
  ['bind+persistent', '/var/lib/foo/sub/deep/log'],
];
const wide: Row[] = [['bind+persistent', '/var/lib/foo/']];
/** What a node shows under /var/lib/foo once all is right, whichever rows it has. */
const right = {
  '/var/lib/foo/conf': 'image',
  '/var/lib/foo/.hidden': 'image',
  '/var/lib/foo/db': 'table\n',
  '/var/lib/foo/db/table': 'mine\n',
  '/var/lib/foo/sub/deep/log': 'mine\n',
  '/var/lib/foo/sub/deep/more': 'image',
  '/var/lib/foo/sub/f': 'image',
};
const paths = Object.keys(right);
const texts = (boot: Boot) => Object.fromEntries([...boot.shown].map(([path, { text }]) => [path, text]));

let lab: NodeLab;
let state: string;
function become(...rows: Row[]): void {
  lab.answer = answerFor(rows, { state: '10.0.0.1\t/state' });
}
/** A node that has used its narrower rows. */
beforeEach(async () => {
  lab = await linkedLab(image, []);
  state = lab.exports('10.0.0.1', '/state/n01');
  become(...narrow);
  const boot = await lab.boot({
    look: 'cd /var/lib/foo; echo mine >db/table; rm db/gone; echo mine >sub/deep/log',
  });
  expect(boot.console + boot.seen).not.toMatch(/FAILED|can't/);
});
afterEach(() => lab.stop());

test('gets what the image has beside, once, with the mode of the image; data of the narrower rows stays', async () => {
  const foo = join(state, 'var/lib/foo');
  chmodSync(join(lab.root, 'var/lib/foo'), 0o700);
  become(...wide, ...narrow);
  const first = await lab.boot({ show: paths, look: 'cd /var/lib/foo; rm .hidden; echo mine >conf' });
  expect(first.console + first.seen).not.toMatch(/FAILED|can't/);
  expect(texts(first)).toEqual(right);
  expect([statSync(foo).mode & 0o777, statSync(foo).uid]).toEqual([0o700, 12]);
  expect(existsSync(join(foo, '.litehouse-new'))).toBe(false);
  // Without the narrower rows, too; and what was changed since is kept.
  become(...wide);
  const { '/var/lib/foo/.hidden': _, ...rest } = right;
  expect(texts(await lab.boot({ show: Object.keys(rest) }))).toEqual({ ...rest, '/var/lib/foo/conf': 'mine\n' });
  expect(existsSync(join(foo, '.hidden'))).toBe(false);
});

test('gets it as well where it is wider by two directories, and the narrower rows are gone', async () => {
  become(['bind+persistent', '/var/lib/']);
  const boot = await lab.boot({ show: [...paths, '/var/lib/beside'] });
  expect(texts(boot)).toEqual({ ...right, '/var/lib/beside': 'image' });
});

test('gets it after other entries and places for mounts were made beside the narrower ones, and went', async () => {
  become(...narrow, ['bind+persistent', '/var/lib/foo/sub/kept'], ['bind+persistent', '/var/lib/foo/other/a/b']);
  await lab.boot();
  become(['bind+persistent', '/var/lib/foo/other/'], ...narrow);
  await lab.boot();
  // A place for a mount in a directory that is a parent only.
  become(['bind+persistent', '/var/lib/foo/sub/deep/'], ['bind', '/var/lib/foo/sub/deep/place'], ...narrow);
  await lab.boot();
  become(...wide);
  expect(texts(await lab.boot({ show: paths }))).toEqual(right);
});

test('in which somebody has put something since is kept as it is', async () => {
  writeFileSync(join(state, 'var/lib/foo/restored'), 'restored');
  become(...wide);
  const boot = await lab.boot({ show: ['/var/lib/foo', '/var/lib/foo/sub'] });
  expect(texts(boot)).toEqual({ '/var/lib/foo': 'db\nrestored\nsub\n', '/var/lib/foo/sub': 'deep\n' });
  expect(boot.log).toMatch(/kept \S+\/var\/lib\/foo\n/);
});

test('that is a file now takes nothing away: that is said, and waited for', async () => {
  become(['bind+persistent', '/var/lib/foo']);
  rmSync(join(lab.root, 'var/lib/foo'), { recursive: true });
  writeFileSync(join(lab.root, 'var/lib/foo'), 'image');
  const boot = await lab.boot({ until: /trying again/ });
  expect(boot.console).toContain(
    'n01/var/lib/foo is a directory and /var/lib/foo is a file: move away which of the two',
  );
  expect(existsSync(join(state, 'var/lib/foo/db/table'))).toBe(true);
});

test('comes to the same wherever a run before it was killed', async () => {
  const at = (name: string) => join(lab.directory, name);
  become(...wide);
  const copy = (from: string, to: string) => {
    rmSync(to, { recursive: true, force: true });
    expect(spawnSync('cp', ['-a', from, to]).status).toBe(0);
  };
  copy(state, at('before'));
  const steps = ['mv', 'rmdir'].map((name) => `${name}() { die; /bin/busybox ${name} "$@"; }`);
  writeFileSync(
    at('functions'),
    `die() { echo >>${at('steps')}; [ "$(wc -l <${at('steps')})" != "$(cat ${at('dies')})" ] || /bin/busybox kill -9 $$; }\n${steps.join('\n')}\n`,
  );
  // Functions, for busybox takes its own applets before anything in PATH.
  const before = [`sh() { cat ${at('functions')} "$1" >${at('program')} && /bin/busybox sh ${at('program')} "$2"; }`];
  let died = 0;
  for (let n = 1; ; n++) {
    copy(at('before'), state);
    writeFileSync(at('steps'), '');
    writeFileSync(at('dies'), `${n}\n`);
    const boot = await lab.boot({ before, again: true, show: paths });
    expect(texts(boot), `killed before step ${n}`).toEqual(right);
    if (!boot.console.includes('[lab] ended with 137')) break;
    died++;
  }
  expect(died).toBeGreaterThan(8);
});
