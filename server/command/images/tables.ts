/** Reads the tables that an image command is about: those of the server that it asks, or of a working copy. */
import { editImage } from '../../../core/diagnostic/catalogue/edit.ts';
import { findImage } from '../../../core/edit/nodeset.ts';
import { planningContext } from '../../../core/engine/preview.ts';
import type { Snapshot } from '../../../core/repo/snapshot.ts';
import { buildView } from '../../../core/resolve/build-view.ts';
import type { Image, View } from '../../../core/resolve/view.ts';
import { openSource, type SourceOptions } from '../../reading/source.ts';
import { type CommandContext, serverDir } from '../context.ts';
import { Failure } from '../failure.ts';

/** Without `--repo` the server is read, also from within a working copy: it is the server that is asked afterwards. */
export async function withTables<T>(
  context: CommandContext,
  options: Pick<SourceOptions, 'dir' | 'repo' | 'server' | 'tokenFile'>,
  work: (view: View, snapshot: Snapshot) => T | Promise<T>,
): Promise<T> {
  const { dir, repo, tokenFile } = options;
  const elsewhere = options.server ?? (dir === undefined ? context.env.LITEHOUSE_SERVER || undefined : undefined);
  const server = repo === undefined ? elsewhere : undefined;
  const named = dir ?? (repo === undefined && server === undefined ? serverDir(context, {}) : undefined);
  const source = await openSource(context, { dir: named, repo, server, tokenFile });
  try {
    const { base } = planningContext([]);
    const view = await context.terminal.during('reading', buildView(source.snapshot, base));
    return await work(view, source.snapshot);
  } finally {
    await source.close();
  }
}

/** An image by its own name, as `<os>-<arch>-<profile>`, or by these three. Throws a Failure with status 1 where it is not there. */
export function imageNamed(
  view: View,
  name: string | undefined,
  parts: { readonly os?: string; readonly arch?: string; readonly profile?: string },
): Image {
  const { os, arch, profile } = parts;
  const text =
    name ?? (os === undefined || arch === undefined || profile === undefined ? undefined : `${os}-${arch}-${profile}`);
  if (text === undefined) {
    throw new Failure({
      what: 'no image is named',
      mend: 'name it (litehouse images lists them), or say all of -o OS -a ARCH -p PROFILE',
    });
  }
  const found = findImage(view, text);
  if (!('fault' in found)) return found;
  const { message, mend, code } = found.fault;
  throw new Failure({ what: message, mend, status: 1, ...(code === editImage.code ? {} : { code }) });
}

/** The text of a file of a commit; undefined where there is none. */
export async function fileText(snapshot: Snapshot, path: string): Promise<string | undefined> {
  const { entries } = await snapshot.list(path.slice(0, path.lastIndexOf('/')));
  const entry = entries.find((it) => it.path === path);
  if (entry === undefined) return undefined;
  const [bytes] = await snapshot.blobs([entry.oid]);
  return bytes?.toString('utf8');
}
