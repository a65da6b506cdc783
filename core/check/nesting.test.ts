/** The table of nested entries: complete, faithful to its reasons, and compared with what the original accepts. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { optionKind } from '../resolve/options.ts';
import type { LiteKind } from '../resolve/view.ts';
import { liteKinds, type Nesting, nestingOf, nestings } from './nesting.ts';
import { checkedRepo } from './testing/checked.ts';

const decide = (parent: LiteKind, child: LiteKind, directory: boolean) =>
  nestings[nestingOf(parent, child, directory)].decision;
const lasting = ['link+persistent', 'bind+persistent', 'bind+localdisk'] as const;
const every = liteKinds.flatMap((parent) =>
  liteKinds.flatMap((child) => [false, true].map((directory) => ({ parent, child, directory }))),
);

describe('every pair of parent and child', () => {
  it('is decided', () => {
    expect(every.length).toBe(9 * 9 * 2);
    for (const { parent, child, directory } of every)
      expect(nestings[nestingOf(parent, child, directory)]).toBeDefined();
  });

  it('is refused under con, and under a read-only tree', () => {
    for (const parent of liteKinds.filter((kind) => kind.endsWith('+con') || kind.endsWith('+ro'))) {
      for (const child of liteKinds) {
        expect(decide(parent, child, false)).toBe('refuse');
        expect(decide(parent, child, true)).toBe('refuse');
      }
    }
  });

  it('is refused where the child is a directory with con', () => {
    for (const parent of liteKinds) {
      for (const child of ['link+con', 'bind+con'] as const) expect(nestingOf(parent, child, true)).toBe('con');
    }
  });

  it('is never refused under a directory in tmpfs, con directories aside', () => {
    for (const { child, directory } of every) {
      if (directory && child.endsWith('+con')) continue;
      expect(decide('link', child, directory)).not.toBe('refuse');
      expect(decide('bind', child, directory)).not.toBe('refuse');
    }
  });

  it('puts a persistent child into a persistent parent without anything to do, whatever their families', () => {
    for (const parent of ['link+persistent', 'bind+persistent'] as const) {
      for (const child of ['link+persistent', 'bind+persistent'] as const) {
        expect(nestingOf(parent, child, false)).toBe('inside');
        expect(nestingOf(parent, child, true)).toBe('inside');
      }
    }
  });

  it('never leaves a link in data that lasts: a live file is refused there', () => {
    for (const parent of lasting) {
      for (const child of ['link+ro', 'bind+ro'] as const) {
        expect(nestingOf(parent, child, false)).toBe('pinned');
        expect(decide(parent, child, true)).not.toBe('refuse');
      }
    }
  });

  it('treats a file and a directory alike, but for con and for live files', () => {
    for (const { parent, child } of every) {
      if (child.endsWith('+con') || child.endsWith('+ro')) continue;
      expect(nestingOf(parent, child, false)).toBe(nestingOf(parent, child, true));
    }
  });
});

it('the table in ARCHITECTURE.md, where it stands, says the same', () => {
  const text = readFileSync(new URL('../../ARCHITECTURE.md', import.meta.url), 'utf8').split('\n');
  const start = text.findIndex((line) => line.startsWith('| parent'));
  const written = start === -1 ? undefined : text.slice(start + 2, start + 2 + liteKinds.length);
  const cell = (parent: LiteKind, child: LiteKind) =>
    [...new Set([nestingOf(parent, child, false), nestingOf(parent, child, true)])].join('/');
  const ours = liteKinds.map(
    (parent) => `| **${parent}** | ${liteKinds.map((child) => cell(parent, child)).join(' | ')} |`,
  );
  expect(written ?? ours).toEqual(ours);
});

/** Why we decide otherwise than the original, by what the child comes to in which parent. */
const reasons: Readonly<Record<string, string>> = {
  'link mixed':
    'bind in link: works, and is laid out like the link that the original wants to be written; so it is a warning',
  'link laid': 'link,ro in link: a link to the tree is as easily put into the tmpfs directory as a copy',
  'link over':
    'localdisk in link: mounted where the link of its parent leads; it has no link form that could be written instead',
  'link+persistent inside':
    'persistent in link,persistent: it is in the persistent directory already, nothing is to be mounted',
  'link+persistent lasting':
    'others in link,persistent: mounted over their place, which the original could not; a warning tells of the empty place',
  'bind+persistent lasting':
    'others in persistent: mounted over their place, which the original could not; a warning tells of the empty place',
  'bind+localdisk pinned':
    'link,ro file in localdisk: accepted by the original by accident (it compares the words as numbers); the link would outlive its row on the disk',
};

describe('the original (case M01, later dialect)', () => {
  const kindOf = (word: string | undefined): LiteKind => {
    const kind = optionKind(word === '(blank)' ? '' : word, 'later');
    if (kind === undefined) throw new Error(`unknown option ${word}`);
    return kind;
  };
  const pairs = readFileSync(new URL('../../test/fixtures/cases/M01-parent-child-matrix.tsv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  const differences = new Set<string>();
  for (const [type, parentWord, childWord, verdict] of pairs) {
    const [parent, child] = [kindOf(parentWord), kindOf(childWord)];
    const nesting: Nesting = nestingOf(parent, child, type === 'dir');
    const refused = nestings[nesting].decision === 'refuse';
    if (refused !== (verdict === 'REJECT')) differences.add(`${parent} ${nesting}`);
  }

  it('is followed in every pair but those listed, each with its reason', () => {
    expect(pairs.length).toBe(121);
    expect([...differences].sort()).toEqual(Object.keys(reasons).sort());
  });
});

describe('the check', () => {
  const site = '#key,value\n"litehouse.dialect","later"\n';
  const rows = (...lines: string[]) => ({
    'tables/site.csv': site,
    'tables/litefile.csv': `#image,file,options\n${lines.map((line) => `"ALL",${line}\n`).join('')}`,
  });
  const codes = async (files: Record<string, string>) =>
    (await checkedRepo(files))
      .filter(({ code }) => /LH41[789]/.test(code))
      .map(({ code, at }) => `${code}:${at?.line}`);

  it('lets the nearest listed directory decide, at any depth', async () => {
    // /var persists, /var/a is in tmpfs within it, and what is below /var/a is a matter of /var/a alone.
    const deep = rows(
      '"/var/","persistent"',
      '"/var/a/","localdisk"',
      '"/var/a/b/c/d/","rw"',
      '"/var/x/y/","persistent"',
    );
    expect(await codes(deep)).toEqual(['LH418:3']);
  });

  it('finds a parent of any depth behind neighbours that sort between', async () => {
    expect(await codes(rows('"/opt/","ro"', '"/opt-x/","rw"', '"/opt/a/b/c","rw"'))).toEqual(['LH417:4']);
  });

  it('is no matter of the order of the rows', async () => {
    expect(await codes(rows('"/opt/a/b/c","rw"', '"/opt/","ro"'))).toEqual(['LH417:2']);
  });

  it('takes a path for a child of whole parts only', async () => {
    expect(await codes(rows('"/opt/a/","ro"', '"/opt/ab","rw"', '"/x/opt/a/c","rw"'))).toEqual([]);
  });

  it('tells a pair of rows once, however many images have it', async () => {
    const files = rows('"/opt/","ro"', '"/opt/a","rw"');
    const images = '#imagename,osvers,osarch,profile\n"one","o","a","p"\n"two","o","a","q"\n';
    expect(await codes({ ...files, 'tables/osimage.csv': images })).toEqual(['LH417:3']);
  });

  it('names in the mend a word that the dialect has', async () => {
    const later = await checkedRepo(rows('"/opt/","link"', '"/opt/a","persistent"'));
    expect(later.find(({ code }) => code === 'LH419')?.mend).toContain("'link,persistent'");
    const cookbook = rows('"/opt/","bind"', '"/opt/a","persistent"');
    const found = await checkedRepo({ ...cookbook, 'tables/site.csv': '#key,value\n' });
    expect(found.find(({ code }) => code === 'LH419')?.mend).toContain("'bind,persistent'");
  });
});
