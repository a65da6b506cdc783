/** Commands of the boot program that fail where nothing but a test can make them: told by what they said, and never taken for done. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linkedLab } from '../../../test/node/linked-lab.ts';
import type { Row } from '../../../test/node/node-image.ts';
import type { NodeLab } from '../../../test/node/node-lab.ts';

const rows: Row[] = [
  ['link+persistent', '/lib/kept/'],
  ['link', '/lib/fresh/'],
];
let lab: NodeLab;
let kept: string;
beforeEach(async () => {
  const out = { link: '../../share/real' };
  lab = await linkedLab(
    { '/usr/lib/kept/l': out, '/usr/lib/fresh/l': out, '/lib': { link: 'usr/lib' }, '/usr/share/real': 'real' },
    rows,
    { state: '10.0.0.1\t/state' },
  );
  kept = join(lab.exports('10.0.0.1', '/state/n01'), 'lib/kept');
});
afterEach(() => lab.stop());

/** Boots with functions in the place of commands: busybox takes its own applets before anything in PATH, but functions before those. */
function bootWith(functions: readonly string[]): ReturnType<NodeLab['boot']> {
  const at = (name: string) => join(lab.directory, name);
  writeFileSync(at('functions'), `${functions.join('\n')}\n`);
  const before = [
    `sh() { cat ${at('functions')} "$1" >${at('program')} && /bin/busybox sh ${at('program')} "$2"; }`,
    // What a node has kept by the time of each pause.
    `export LH_SLEEP=${lab.script('lh-look', [`[ ! -e ${kept} ] || echo kept >>${at('looked')}`, 'usleep 1000'])}`,
  ];
  return lab.boot({ before, again: true, show: ['/lib/kept/l', '/lib/fresh/l'] });
}
const cannotKeep = 'cannot keep /lib/kept in the state 10.0.0.1:/state/n01: ';
const once = (line: string) => `if [ ! -e ${lab.directory}/once ]; then : >${lab.directory}/once; ${line}; fi`;

test('a sync that fails is no sync: what it was for gets no name, and is made anew, for the next sync does not tell what was lost', async () => {
  const boot = await bootWith([
    `sync() { ${once('echo "sync: $2: Input/output error" >&2; return 1')}; /bin/busybox sync "$@"; }`,
  ]);
  expect(boot.console).toMatch(new RegExp(`${cannotKeep}sync: \\S+: Input/output error\\. Nothing is kept in memory`));
  expect(boot.console).toContain('[lab] ended with 1\n');
  expect(existsSync(join(lab.directory, 'looked'))).toBe(false);
  expect(boot.log.match(/cp -a -T \S+ \S+litehouse-new\/1\n/g)).toHaveLength(2);
  expect(boot.shown.get('/lib/kept/l')?.text).toBe('real');
  expect(boot.status).toBe(0);
});

test('where a sync of one filesystem is not known, all are synced', async () => {
  const boot = await bootWith([
    `sync() { echo "$*" >>${lab.directory}/synced; [ $# -eq 0 ] || { echo "sync: invalid option -- 'f'" >&2; return 1; }; }`,
  ]);
  expect(boot.console).not.toMatch(/FAILED|cannot keep/);
  expect(readFileSync(join(lab.directory, 'synced'), 'utf8')).toMatch(/^-f \S+\n\n$/);
});

test('a link that cannot be led right is told by the error of that step', async () => {
  const boot = await bootWith([
    `full() { echo "ln: $1: No space left on device" >&2; }`,
    'ln() {',
    `case "$3" in */.litehouse-new/1/l) ${once('full "$3"; return 1')} ;; */fresh/l) full "$3"; return 1 ;; esac`,
    '/bin/busybox ln "$@"',
    '}',
  ]);
  expect(boot.console).toMatch(new RegExp(`${cannotKeep}ln: \\S+: No space left on device\\. Nothing is kept`));
  expect(boot.console).toMatch(/FAILED: \/lib\/fresh is left out: ln: \S+: No space left on device\n/);
  // Each entry's step and the entry that was left out.
  expect(boot.console).toContain('steps that FAILED: 3;');
  expect([...boot.shown.values()].map(({ type }) => type)).toEqual(['file', 'missing']);
});

test('what turns up where a first content was to go is told, and is what is kept', async () => {
  const boot = await bootWith([
    `sync() { ${once(`mkdir -p ${kept}; echo mine >${kept}/l`)}; /bin/busybox sync "$@"; }`,
  ]);
  expect(boot.console).toContain(
    `${cannotKeep}/.statelite/persistent/n01/lib/kept is in the way, and is no empty place for a mount: move it away. Nothing`,
  );
  expect(boot.shown.get('/lib/kept/l')?.text).toBe('mine\n');
  expect(boot.status).toBe(0);
});
