/** What a test of the boot program is made of: images, trees, linked as generations are, and answers. */
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { linkImage } from '../../core/image/liteimg/link-image.ts';
import type { LiteKind } from '../../core/resolve/view.ts';

/** One row of a litefile list; a path that ends in a slash is a directory. */
export type Row = readonly [kind: LiteKind, path: string];

/** Files by path: text; a path that ends in a slash is a directory; mode and owner where they matter. */
export type Tree = Readonly<
  Record<
    string,
    string | { readonly text?: string; readonly link?: string; readonly mode?: number; readonly owner?: number }
  >
>;

/** Lays files out below a directory. */
export function plant(directory: string, tree: Tree): void {
  for (const [path, given] of Object.entries(tree)) {
    const file = typeof given === 'string' ? { text: given } : given;
    const to = join(directory, path);
    mkdirSync(path.endsWith('/') ? to : dirname(to), { recursive: true });
    if (file.link !== undefined) symlinkSync(file.link, to);
    else if (!path.endsWith('/')) writeFileSync(to, file.text ?? '');
    if (file.link !== undefined) continue;
    if (file.owner !== undefined) chownSync(to, file.owner, file.owner);
    if (file.mode !== undefined) chmodSync(to, file.mode);
  }
}

/** Prepares an image for these rows, with the linker that generations are made with. */
export async function link(root: string, rows: readonly Row[]): Promise<void> {
  await linkImage(
    root,
    rows.map(([kind, path]) => ({ kind, path: path.replace(/\/$/, ''), directory: path.endsWith('/') })),
  );
}

/** The whole text of an answer, as core/plan/answer.ts writes it. */
export function answerFor(
  rows: readonly Row[],
  mounts: { readonly trees?: readonly string[]; readonly state?: string; readonly more?: readonly string[] } = {},
): string {
  const lines = ['litehouse\t1', 'node\tn01', `commit\t${'a'.repeat(40)}`, 'generation\tg1', 'image\tcompute'];
  lines.push('state\tstatelite', ...(mounts.more ?? []));
  if (mounts.state !== undefined) lines.push(`statemnt\t${mounts.state}`);
  for (const [i, tree] of (mounts.trees ?? []).entries()) lines.push(`tree\t${i + 1}\t${tree}`);
  for (const [kind, path] of rows)
    lines.push(`${path.endsWith('/') ? 'directory' : 'file'}\t${kind}\t${path.replace(/\/$/, '')}`);
  return `${lines.join('\n')}\nend\t${lines.length}\n`;
}
