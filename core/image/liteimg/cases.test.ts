/** What the original linker made of the cases, beside what we make: every difference is listed with its reason. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { litefileOf, readLitefile } from '../../resolve/litefile.ts';
import type { Dialect } from '../../resolve/options.ts';
import { parseTable } from '../../tables/parse.ts';
import { schemas } from '../../tables/schemas.ts';
import type { LinkEntry } from './entry.ts';
import { linkImage } from './link-image.ts';
import { stateFile } from './state.ts';
import { makeTree, type Piece, removeScratch } from './testing/trees.ts';

afterAll(removeScratch);

/** Changes against the input after a step; a run that was refused has none. */
type Result = { readonly now: readonly Piece[]; readonly gone: readonly string[] } | { readonly refused: string };
interface Step {
  readonly litefile?: readonly string[];
  readonly mutate?: readonly { readonly op: 'rm' | 'write'; readonly path: string; readonly content?: string }[];
  readonly '2010-04': Result;
  readonly head: Result;
}

const folder = new URL('testing/cases/', import.meta.url);
const input = readFileSync(new URL('input.manifest.jsonl', folder), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Piece);
const image = 'rhels5.5-x86_64-statelite-compute';
const versions: readonly ['2010-04' | 'head', Dialect][] = [
  ['2010-04', 'cookbook'],
  ['head', 'later'],
];

function entriesOf(lines: readonly string[], dialect: Dialect): LinkEntry[] {
  const { table } = parseTable('litefile', 'litefile.csv', `${lines.join('\n')}\n`, schemas.get('litefile'));
  return litefileOf(image, [], readLitefile(table, dialect).rows);
}

/** One line a path, as the manifests say it. */
function lineOf({ type, mode, content, target }: Piece): string {
  return type === 'symlink' ? `link ${target}` : type === 'dir' ? `dir ${mode}` : `file ${mode} ${content}`;
}

function ourTree(root: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (path: string) => {
    for (const name of readdirSync(root + path)) {
      const below = `${path}/${name}`;
      if (below === stateFile) continue;
      const stat = lstatSync(root + below);
      const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
      if (stat.isSymbolicLink())
        found.set(below, lineOf({ path: below, type: 'symlink', target: readlinkSync(root + below) }));
      else if (stat.isDirectory()) {
        found.set(below, lineOf({ path: below, type: 'dir', mode }));
        walk(below);
      } else found.set(below, lineOf({ path: below, type: 'file', mode, content: readFileSync(root + below, 'utf8') }));
    }
  };
  walk('');
  return found;
}

function theirTree({ now, gone }: { readonly now: readonly Piece[]; readonly gone: readonly string[] }) {
  const found = new Map([...input, ...now].map((piece) => [piece.path, lineOf(piece)]));
  for (const path of gone) found.delete(path);
  return found;
}

/** Differences allowed, by case, version and path: each as narrow as it can be said, and each must occur. */
const allowed: readonly { in: readonly string[]; version?: '2010-04' | 'head'; path: RegExp; why: string }[] = [
  {
    in: ['01', '02', '08', '14'],
    path: /^\/\.(default|statelite\/tmpfs)\/(root|var\/lib\/nfs)$/,
    why: 'parents below /.default and /.statelite/tmpfs have the mode of the original ones, not 0755: a node must not open /root',
  },
  {
    in: ['01', '03', '05', '06', '08', '09', '10', '12', '13', '14', '18', '24'],
    version: 'head',
    path: /^\/\.default\/etc(\/mtab)?$|^\/\.statelite\/tmpfs(\/etc(\/mtab)?)?$|^\/etc\/mtab$/,
    why: 'no hidden row for /etc/mtab: what is not listed is not linked',
  },
  {
    in: ['19'],
    version: 'head',
    path: /^\/\.statelite\/tmpfs\/etc\/mtab$|^\/etc\/mtab$/,
    why: '/etc/mtab is done as its row says, here mounted over, and not forced to be a link',
  },
  {
    in: ['01', '03'],
    version: '2010-04',
    path: /^(\/\.statelite\/tmpfs)?\/var\/(log(\/messages)?|lib\/dhcp(\/leases)?)$/,
    why: 'localdisk is no word of 2010, which took it for a link; it is a mount in either dialect',
  },
  {
    in: ['01'],
    version: 'head',
    path: /^(\/\.statelite\/tmpfs)?\/etc\/resolv\.conf$/,
    why: 'a live file is a link into the mounted tree: a mount would pin the old inode (RULES, Options)',
  },
  {
    in: ['05'],
    path: /^\/\.default\/etc\/motd$/,
    why: 'a file listed with a slash stays the file that it is; the original replaced it by an empty directory',
  },
  {
    in: ['06'],
    version: 'head',
    path: /^(\/\.default)?\/srv2(\/one(\/two(\/file)?)?)?$/,
    why: 'all missing parents of a mounted entry are made; the original made one, and failed silently for two',
  },
  {
    in: ['09'],
    version: '2010-04',
    path: /^\/\.default\/var\/lib\/new(\/deep(\/file)?)?$/,
    why: 'a missing entry inside a listed directory is made in it; 2010 knew no parents and lost it in the rerun',
  },
  {
    in: ['12', '13'],
    path: /^\/\.(default|statelite\/tmpfs)\/etc\/(motd|ssh(\/sshd_config)?)$/,
    why: 'a removed row takes its copy and its link away with it; the original left the copy for ever, or emptied it',
  },
  {
    in: ['13'],
    version: 'head',
    path: /^\/etc\/(motd|ssh(\/sshd_config)?)$/,
    why: 'a removed row brings the original back; the original deleted it from the image',
  },
  {
    in: ['14'],
    version: 'head',
    path: /^(\/\.default)?\/etc\/hosts$/,
    why: 'a changed option loses nothing; the original emptied the file',
  },
];
const used = new Set<(typeof allowed)[number]>();

for (const file of readdirSync(folder).filter((name) => /^\d.*\.json$/.test(name))) {
  const { steps } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { steps: readonly Step[] };
  const name = basename(file, '.json');
  describe.each(versions)(`case ${name}, %s`, (version, dialect) => {
    it('is as the original made it, but for what is listed', async () => {
      const root = makeTree(input);
      const rules = allowed.filter(
        (rule) => rule.in.includes(name.slice(0, 2)) && (rule.version ?? version) === version,
      );
      let entries: LinkEntry[] = [];
      const unexplained: string[] = [];
      for (const [i, step] of steps.entries()) {
        for (const { op, path, content } of step.mutate ?? []) {
          if (op === 'rm') rmSync(root + path);
          else writeFileSync(root + path, content ?? '');
        }
        if (step.litefile !== undefined) entries = entriesOf(step.litefile, dialect);
        await linkImage(root, entries);
        const theirs = step[version];
        if ('refused' in theirs) continue;
        const [left, right] = [theirTree(theirs), ourTree(root)];
        for (const path of [...new Set([...left.keys(), ...right.keys()])].sort()) {
          if (left.get(path) === right.get(path)) continue;
          const rule = rules.find((rule) => rule.path.test(path));
          if (rule === undefined) unexplained.push(`step ${i + 1} ${path}: ${left.get(path)} | ${right.get(path)}`);
          else used.add(rule);
        }
      }
      expect(unexplained).toEqual([]);
    });
  });
}

describe('the list of differences', () => {
  it('holds none that does not occur', () =>
    expect(allowed.filter((rule) => !used.has(rule)).map(({ why }) => why)).toEqual([]));
});
