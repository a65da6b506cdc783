/** `litehouse liteimg --tree`: makes the links in a root tree of the administrator's own, by difference, and takes them out again. */
import { lstat, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type LinkEntry, readEntries } from '../../../core/image/liteimg/entry.ts';
import { linkImage } from '../../../core/image/liteimg/link-image.ts';
import { linkLines, readLinks } from '../../../core/image/liteimg/links.ts';
import { loadState } from '../../../core/image/liteimg/state.ts';
import { LinkFarmError, openTree } from '../../../core/image/liteimg/tree.ts';
import type { Image } from '../../../core/resolve/view.ts';
import { notesToTell } from '../../reading/images.ts';
import { readSettings } from '../../settings.ts';
import { type CommandContext, printJson, serverDir } from '../context.ts';
import { Failure } from '../failure.ts';

interface TreeOptions {
  readonly dir?: string;
  readonly json?: boolean;
  readonly tree: string;
  readonly undo?: boolean;
  readonly dryRun?: boolean;
}

export async function linkTree(context: CommandContext, options: TreeOptions, image: Image): Promise<void> {
  const root = await guardTree(resolve(context.cwd, options.tree), await rootsOf(context, options), image);
  const entries: LinkEntry[] = options.undo
    ? []
    : image.litefile.map(({ path, directory, kind }) => ({ path, directory, kind }));
  const { terminal } = context;
  try {
    if (options.dryRun) {
      const changes = plannedChanges(root, entries);
      if (options.json) printJson(context, { tree: root, changes, dryRun: true });
      else for (const line of [...changes, 'nothing was changed: you asked with --dry-run']) terminal.out(line);
      return;
    }
    const report = await terminal.during('linking', linkImage(root, entries));
    const links = readLinks(root) ?? [];
    if (options.json) return printJson(context, { tree: root, ...report, links });
    for (const line of linkLines(links)) terminal.out(line);
    for (const text of notesToTell(report.notes)) terminal.out(`note: ${text}`);
    const { added, removed, changed, unchanged, skipped } = report;
    const counts = Object.entries({ added, removed, changed, unchanged, skipped }).filter(([, count]) => count > 0);
    terminal.out(`${root}: ${counts.map(([word, count]) => `${count} ${word}`).join(', ') || 'no entries'}`);
  } catch (error) {
    if (!(error instanceof LinkFarmError)) throw error;
    throw new Failure({ what: error.message, mend: 'put it right there, and run the command again', cause: error });
  }
}

/** What differs between what was linked last and what the rows ask for; the tree itself is not looked at more closely. */
function plannedChanges(root: string, entries: readonly LinkEntry[]): string[] {
  const linked = new Map((loadState(openTree(root))?.records ?? []).map((record) => [record.path, record]));
  const wanted = readEntries(entries);
  const lines: string[] = [];
  for (const { path, kind } of wanted.values()) {
    const before = linked.get(path);
    if (before === undefined) lines.push(`+ ${path}  ${kind}`);
    else if (before.kind !== kind) lines.push(`~ ${path}  ${before.kind} -> ${kind}`);
  }
  for (const { path, kind } of linked.values()) if (!wanted.has(path)) lines.push(`- ${path}  ${kind}`);
  return lines.length === 0 ? ['the links are as the rows ask for'] : lines;
}

async function rootsOf(context: CommandContext, options: TreeOptions): Promise<ReadonlyMap<string, string>> {
  const dir = serverDir(context, options);
  return (await exists(dir)) ? (await readSettings(dir)).roots : new Map();
}

/**
 * The real path of a tree that may be linked in place. Refused: this machine's own root, what is no root tree, and what litehouse
 * itself keeps below a root of its own, but for the place of an external image there.
 */
export async function guardTree(tree: string, roots: ReadonlyMap<string, string>, image: Image): Promise<string> {
  const refuse = (why: string, mend: string): Failure => new Failure({ what: `${tree} is not linked`, why, mend });
  const real = await realpath(tree).catch(() => undefined);
  if (real === undefined || !(await stat(real)).isDirectory()) {
    throw refuse('there is no such directory', 'name the root tree of the image with --tree');
  }
  if (real === '/') throw refuse('it is the root of this machine', 'name the root tree of the image with --tree');
  if (!(await isRootTree(real))) {
    const inner = (await isRootTree(join(real, 'rootimg'))) ? `did you mean ${join(tree, 'rootimg')}?` : undefined;
    throw refuse(
      'it is no root tree: it has no etc, or neither usr nor bin',
      inner ?? 'name the tree that nodes mount as /',
    );
  }
  const { os, arch, profile } = image;
  for (const [name, directory] of roots) {
    const root = await realpath(directory).catch(() => directory);
    if (real !== root && !real.startsWith(`${root}/`)) continue;
    // Where an administrator's own image lies if its root is ours, too; a built image has a link there.
    const own = join(root, 'netboot', os, arch, profile, 'rootimg');
    if (name === 'install' && real === own && (await lstat(own)).isDirectory()) continue;
    const mend = `trees there are linked as litehouse builds them; your own image of this name lies at ${own}`;
    throw refuse(`it lies in root ${name} of litehouse (${directory})`, mend);
  }
  return real;
}

async function isRootTree(path: string): Promise<boolean> {
  const [etc, usr, bin] = await Promise.all(['etc', 'usr', 'bin'].map((name) => exists(join(path, name))));
  return etc === true && (usr === true || bin === true);
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
