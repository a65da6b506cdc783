import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { Output } from '../plugin/output.ts';
import type { View } from '../resolve/view.ts';
import { EntryTable } from './entry-table.ts';
import type { Entry, World } from './world.ts';

type Roots = ReadonlyMap<string, ReadonlyMap<string, Entry>>;

const link = (path: string, to = 'x'): Output => ({ kind: 'link', target: 'mn', root: 'tftp', path, to });
const file = (path: string, text: string): Output => ({
  kind: 'file',
  target: 'mn',
  root: 'tftp',
  path,
  mode: 0o644,
  content: { text },
});
const folder = (path: string, mode: number): Output => ({ kind: 'directory', target: 'mn', root: 'tftp', path, mode });

function entries(outputs: readonly Output[], before?: Roots): Roots {
  const diagnostics: Diagnostic[] = [];
  const world = before === undefined ? undefined : ({ roots: before } as World);
  const table = new EntryTable({} as View, world, diagnostics);
  for (const output of outputs)
    if (output.kind !== 'reload' && output.kind !== 'artifact' && output.kind !== 'live') table.add('p', output);
  const roots = table.finish();
  expect(diagnostics).toEqual([]);
  return roots;
}

const paths = (roots: Roots) => [...(roots.get('tftp')?.keys() ?? [])];
const at = (roots: Roots, path: string) => roots.get('tftp')?.get(path);

describe('the entries of a root', () => {
  const before = entries([link('b/2'), link('a'), link('c')]);

  test('are in order of their paths, from nothing', () => {
    expect(paths(before)).toEqual(['a', 'b', 'b/2', 'c']);
  });

  test.each([
    ['the same paths', [link('c'), link('b/2'), link('a', 'y')], ['a', 'b', 'b/2', 'c']],
    ['as many, but another', [link('c'), link('b/1'), link('a')], ['a', 'b', 'b/1', 'c']],
    ['as many, but another first', [link('b/2'), link('c'), link('d')], ['b', 'b/2', 'c', 'd']],
    ['one more', [link('b/2'), link('a'), link('c'), link('aa')], ['a', 'aa', 'b', 'b/2', 'c']],
    ['one less', [link('c'), link('a')], ['a', 'c']],
  ])('and over a world in effect: %s', (_, outputs, wanted) => {
    const after = entries(outputs, before);
    expect(paths(after)).toEqual(wanted);
    expect(after).toEqual(entries(outputs));
  });

  test('are those of the world in effect where nothing about them changed, and new where anything did', () => {
    const first = entries([link('l'), file('f', 'one'), folder('d', 0o755)]);
    const second = entries([link('l'), file('f', 'one'), folder('d', 0o755)], first);
    for (const path of ['l', 'f', 'd']) expect(at(second, path), path).toBe(at(first, path));
    const third = entries([link('l', 'y'), file('f', 'two'), folder('d', 0o700)], first);
    expect(third).toEqual(entries([link('l', 'y'), file('f', 'two'), folder('d', 0o700)]));
    for (const path of ['l', 'f', 'd']) expect(at(third, path)?.digest, path).not.toBe(at(first, path)?.digest);
  });

  test('a directory that was only implied becomes one of its own', () => {
    const implied = entries([link('b/2')]);
    expect(at(entries([link('b/2'), folder('b', 0o755)], implied), 'b')).toMatchObject({ implied: false });
  });
});
