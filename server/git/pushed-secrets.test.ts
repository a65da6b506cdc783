import { expect, test, vi } from 'vitest';
import { composeTrees, formatTree, type GitObject, objectId } from '../../core/repo/object-format.ts';
import type { ObjectSource } from '../../core/repo/objects.ts';
import { secretsBrought } from './pushed-secrets.ts';

const nothing: ObjectSource = { read: async (oids) => oids.map(() => undefined) };

/** Objects of commits on one line, each with all of its files; gives the last. */
function history(commits: readonly ReadonlyMap<string, string>[]): {
  readonly source: ObjectSource;
  readonly tip: string;
} {
  const objects = new Map<string, GitObject>();
  const put = (type: GitObject['type'], data: Buffer): string => {
    const oid = objectId(type, data);
    objects.set(oid, { type, data });
    return oid;
  };
  let tip = '';
  for (const files of commits) {
    const entries = [...files].map(([path, text]) => ({
      path,
      mode: '100644' as const,
      oid: put('blob', Buffer.from(text)),
    }));
    for (const { entries: tree } of composeTrees(entries)) put('tree', formatTree(tree));
    const root = composeTrees(entries).at(-1)?.oid;
    tip = put('commit', Buffer.from(`tree ${root}\n${tip === '' ? '' : `parent ${tip}\n`}\na change\n`));
  }
  return { source: { read: async (oids) => oids.map((oid) => objects.get(oid)) }, tip };
}

test('a first push of a long history costs its changes, not its commits times its files', async () => {
  const looked = async (folders: number): Promise<number> => {
    const files = new Map<string, string>();
    for (let i = 0; i < folders; i++) for (let k = 0; k < 10; k++) files.set(`syncdirs/all/${i}/${k}`, `${i} ${k}`);
    const commits = Array.from(
      { length: 50 },
      (_, n) => new Map([...files, ['tables/passwd.csv', `#key,comments\n"a","${n}"\n`]]),
    );
    const { source, tip } = history(commits);
    const has = vi.spyOn(Set.prototype, 'has');
    try {
      expect(await secretsBrought([tip], undefined, { objects: nothing }, source)).toEqual([]);
      return has.mock.calls.length;
    } finally {
      has.mockRestore();
    }
  };
  const [few, many] = [await looked(10), await looked(110)];
  // A thousand files more are looked at once, with their folders, in fifty commits.
  expect(many - few).toBeLessThan(2 * 1100);
});

test('a secret is found in each commit that brings it, by a file or by a whole folder, and only there', async () => {
  const clear = '#key,username,password\n"system","root","cluster"\n';
  const { source, tip } = history([
    new Map([['a', 'a']]),
    new Map([['tables/passwd.csv', clear]]),
    new Map([
      ['tables/passwd.csv', clear],
      ['tables/site.csv', '#key,value\n'],
    ]),
    new Map([['tables/site.csv', '#key,value\n']]),
    new Map([['tables/passwd.csv', `${clear}"b","c","d"\n`]]),
  ]);
  const found = await secretsBrought([tip], undefined, { objects: nothing }, source);
  expect(found.map(({ diagnostics }) => diagnostics.map(({ code }) => code))).toEqual([['LH321'], ['LH321', 'LH321']]);
  expect(await secretsBrought([tip], tip, { objects: nothing }, source)).toHaveLength(1);
});
