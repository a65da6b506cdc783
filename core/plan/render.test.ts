import { expect, test } from 'vitest';
import type { PathChange, WorldDiff } from './diff.ts';
import { renderDiff } from './render.ts';
import type { Entry } from './world.ts';

const text = (lines: readonly string[], node?: string): Entry =>
  ({ kind: 'file', plugin: 'p', node, content: { text: `${lines.join('\n')}\n` } }) as unknown as Entry;

/** The lines that show what becomes of one file. */
function shown(path: string, before: readonly string[], after: readonly string[], node?: string): string[] {
  const change: PathChange = {
    root: 'exports',
    path,
    change: 'change',
    before: text(before, node),
    after: text(after, node),
  };
  const diff: WorldDiff = { from: undefined, to: undefined, paths: [change], nodes: [], builds: [], live: [] };
  return renderDiff(diff)
    .map((line) => line.trim())
    .filter((line) => /^\S+( \/\S+)?: /.test(line));
}

test('a line of exports says which directory it is about, so that two do not look the same', () => {
  const before = ['/srv/a 10.0.0.1(ro)', '/srv/b 10.0.0.1(rw)'];
  expect(
    shown('litehouse.exports', before, ['/srv/a 10.0.0.1(ro) 10.0.0.2(ro)', '/srv/b 10.0.0.1(rw) 10.0.0.2(ro)']),
  ).toEqual(['litehouse.exports /srv/a: +[10.0.0.2(ro)]', 'litehouse.exports /srv/b: +[10.0.0.2(ro)]']);
  const block = (path: string, client: string) =>
    `EXPORT { Export_Id = 1; Path = '${path}'; CLIENT { Clients = ${client}; } }`;
  expect(shown('litehouse.ganesha.conf', [block('/srv/a', '10.0.0.1')], [block('/srv/a', '10.0.0.2')])).toEqual([
    'litehouse.ganesha.conf /srv/a: -[10.0.0.1;] +[10.0.0.2;]',
  ]);
});

test('a directory is compared with itself, not with the next line', () => {
  expect(shown('litehouse.exports', ['/a 1(ro)', '/b 1(ro)'], ['/b 1(ro) 2(ro)', '/c 1(ro)'])).toEqual([
    'litehouse.exports: -[/a 1(ro)]',
    'litehouse.exports /b: +[2(ro)]',
    'litehouse.exports: ... 1 more line',
  ]);
});

test('a boot file is named by its node alone', () => {
  expect(shown('pxelinux.cfg/n01', [' APPEND root=/a LHGEN=1'], [' APPEND root=/a LHGEN=2'], 'n01')).toEqual([
    'n01: -[LHGEN=1] +[LHGEN=2]',
  ]);
});
