/** Tables that the original was run with, through the real view: what we resolve alike, and what on purpose otherwise. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkView } from '../check/check.ts';
import { openFolder } from '../repo/folder-snapshot.ts';
import { TableCache } from '../tables/load.ts';
import { buildView } from './build-view.ts';
import { type Dialect, optionKind } from './options.ts';
import type { View } from './view.ts';

const cases = new URL('../../test/fixtures/cases/', import.meta.url);
const textOf = (name: string, file: string): string => readFileSync(new URL(`${name}/${file}`, cases), 'utf8');

async function viewOf(name: string): Promise<View> {
  const snapshot = await openFolder(fileURLToPath(new URL(name, cases)));
  return buildView(snapshot, { tableCache: new TableCache(), extraSchemas: [] });
}

/** `IMAGE: option   /path` lines of one command's output, as path to canonical kind. */
function originalList(text: string, key: string, dialect: Dialect): Record<string, string> {
  const list: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [, option, path] = new RegExp(`^${key}: (.{13}) (\\S+)$`).exec(line) ?? [];
    if (option !== undefined && path !== undefined)
      list[path] = optionKind(option, dialect) ?? `unknown: ${option.trim()}`;
  }
  return list;
}

function ourList(view: View, image: string): Record<string, string> {
  const entries = view.images.get(image)?.litefile ?? [];
  return Object.fromEntries(entries.map(({ path, kind }) => [path, kind]));
}

const compute = 'rhels5.5-x86_64-statelite-compute';

describe('T01: node over group, groups in the order of nodelist.groups, each column by itself', async () => {
  const view = await viewOf('T01-group-vs-node');
  const lines = textOf('T01-group-vs-node', 'expected-head.txt')
    .split('\n')
    .filter((line) => line.includes(' = '));

  it('has its 25 questions', () => expect(lines.length).toBe(25));

  it.each(lines)('%s', (line) => {
    const [, node = '', column = '', value] = /^(\S+) noderes\.(\S+) = (?:'(.*)'|undef)$/.exec(line) ?? [];
    expect(view.value(node, 'noderes', column)?.text).toBe(value);
  });

  it('says through which key and line a value came', () => {
    const value = view.value('n01', 'noderes', 'nfsdir');
    expect([value?.key, value?.row.line]).toEqual(['rack1', 4]);
  });
});

describe('T06: which litefile rows an image has', async () => {
  const view = await viewOf('T06-litefile-merge');
  const text = textOf('T06-litefile-merge', 'expected-head.txt');

  it('follows the original where only exact rows, ALL rows and unmatched group rows meet', () => {
    for (const [key, image] of [
      ['n01', compute],
      ['n02', 'customimg'],
    ] as const) {
      const original = originalList(text, key, 'cookbook');
      const ours = ourList(view, image);
      for (const path of ['/A', '/d', '/c']) expect([key, path, ours[path]]).toEqual([key, path, original[path]]);
    }
  });

  it('lets ALL beat a blank row, as the original, and warns of the pair', () => {
    expect(ourList(view, compute)['/a']).toBe('link+persistent');
    expect(originalList(text, 'n01', 'cookbook')['/a']).toBe('link+persistent');
    expect(view.diagnostics.map(({ code }) => code)).toContain('LH405');
  });

  it('differs: a row for an image group beats ALL (there, ALL beats the group), since it is the closer one', () => {
    expect(ourList(view, 'customimg')['/a']).toBe('link+con');
    expect(originalList(text, 'n02', 'cookbook')['/a']).toBe('link+persistent');
  });

  it('differs: a blank image means ALL, as the cookbook says (HEAD never uses such a row)', () => {
    expect(ourList(view, compute)['/b']).toBe('link+ro');
    expect(originalList(text, 'n01', 'cookbook')['/b']).toBeUndefined();
  });

  it('differs: an unknown option is an error with its place, where the original passes it on to nodes', () => {
    expect(ourList(view, compute)['/a2']).toBeUndefined();
    const error = view.diagnostics.find(({ code }) => code === 'LH401');
    expect([error?.severity, error?.at]).toEqual(['error', { file: 'tables/litefile.csv', line: 11, column: 14 }]);
    expect(originalList(text, 'n01', 'cookbook')['/a2']).toBe('unknown: weird option');
  });

  it('differs: no row is added in secret (HEAD adds /etc/mtab)', () => {
    expect(ourList(view, compute)['/etc/mtab']).toBeUndefined();
    expect(originalList(text, 'n01', 'cookbook')['/etc/mtab']).toBe('link');
  });

  it('gives all paths of an image in byte order', () => {
    expect(Object.keys(ourList(view, 'customimg'))).toEqual(['/A', '/a', '/b', '/c', '/d']);
  });
});

describe('18: rows for blank, ALL, the image, another image, and rows switched off', async () => {
  const view = await viewOf('18-image-override');

  it('resolves as the original of April 2010 did', () => {
    const original = originalList(textOf('18-image-override', 'expected-2010-04.txt'), compute, 'cookbook');
    expect(Object.keys(original).length).toBe(3);
    expect(ourList(view, compute)).toEqual(original);
  });

  it('differs from later releases by nothing but their hidden /etc/mtab', () => {
    const original = originalList(textOf('18-image-override', 'expected-head.txt'), compute, 'cookbook');
    expect({ ...ourList(view, compute), '/etc/mtab': 'link' }).toEqual(original);
  });
});

describe('19: /etc/mtab listed as persistent', async () => {
  const view = await viewOf('19-mtab-explicit');

  it('keeps what the row says, as the original of April 2010 did, and warns', () => {
    const original = originalList(textOf('19-mtab-explicit', 'expected-2010-04.txt'), compute, 'cookbook');
    expect(ourList(view, compute)).toEqual(original);
    expect(checkView(view).map(({ code, at }) => `${code}:${at?.line}`)).toContain('LH414:2');
  });

  it('differs from later releases, which change the option in silence', () => {
    const original = originalList(textOf('19-mtab-explicit', 'expected-head.txt'), compute, 'cookbook');
    expect(original['/etc/mtab']).toBe('link');
    expect(ourList(view, compute)['/etc/mtab']).toBe('link+persistent');
  });
});
