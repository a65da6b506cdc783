/**
 * The changes that live files make in a tree: each takes or gives a name by rename or link, and never writes an inode that was there,
 * for trees share theirs with their base and with each other. What loses its name is held for a while, for nodes that have it open.
 */
import { chmod, chown, link, mkdir, rename, rm, rmdir, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { LiveFile } from '../../plan/live.ts';
import { above } from '../liteimg/entry.ts';
import { hiddenDirectory, look } from './state.ts';

/** What a run needs of its surroundings. */
export interface LiveTools {
  /** A finished file with the content, owner and mode of a live one, on the filesystem of the trees; asked for again, the same. */
  readonly staged: (file: LiveFile & { readonly kind: 'file' }) => Promise<string>;
  /** A directory for new names, on the same filesystem; what is left there is swept at the next start. */
  readonly temporary: string;
  /** Keeps the inode of a file or link that is about to lose its name. */
  readonly hold: (absolute: string) => Promise<void>;
  /** Whether owners can be set. */
  readonly asRoot: boolean;
  /** Called before each change; a throw is as if the machine had stopped there. */
  readonly step?: ((change: string, path: string) => void) | undefined;
}

/** A tree is not as it was left: somebody changed it by hand. It concerns one path. */
export class Disturbed extends Error {}

let serial = 0;

/** Changes of one generation. Targets are paths in its tree, with a leading slash. */
export class LiveDisk {
  readonly #directory: string;
  readonly #root: string;
  readonly #tools: LiveTools;
  readonly #real = new Set<string>();

  constructor(directory: string, tools: LiveTools) {
    this.#directory = directory;
    this.#root = join(directory, 'rootimg');
    this.#tools = tools;
  }

  /** Gives what stands at a place a second name below `hidden/`, unless it has it. */
  async keep(target: string, hidden: string): Promise<void> {
    if ((await look(hidden)) !== undefined) return;
    await this.#guard('keep', target);
    if ((await look(this.#root + target)) === undefined) return;
    await mkdir(hiddenDirectory(this.#directory), { mode: 0o700 }).catch(unlessThere);
    await link(this.#root + target, hidden);
  }

  /** Lays a file or link at each of its places, with one inode. */
  async put(targets: readonly string[], file: Exclude<LiveFile, { kind: 'directory' }>): Promise<void> {
    const made = this.#name();
    if (file.kind === 'file') await link(await this.#tools.staged(file), made);
    else await symlink(file.to, made);
    await this.#nameAll(targets, made);
    await rm(made, { force: true });
  }

  /** Gives the inode at `hidden` its names back, and takes away the one that it was kept by. */
  async bringBack(targets: readonly string[], hidden: string): Promise<void> {
    if ((await look(hidden)) === undefined) return;
    await this.#nameAll(targets, hidden);
    this.#tools.step?.('unlink', hidden);
    await rm(hidden, { force: true });
  }

  async #nameAll(targets: readonly string[], from: string): Promise<void> {
    for (const target of targets) {
      await this.#guard('rename', target);
      const absolute = this.#root + target;
      const there = await look(absolute);
      if (there?.isDirectory()) await this.#removeEmpty(target);
      else if (there !== undefined) await this.#tools.hold(absolute);
      const next = this.#name();
      await link(from, next);
      await rename(next, absolute);
      // A rename between two names of one inode leaves both.
      await rm(next, { force: true });
    }
  }

  /** Makes directories, or gives ours another mode and owner. */
  async directory(
    targets: readonly string[],
    { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number },
  ): Promise<void> {
    for (const target of targets) {
      await this.#guard('mkdir', target);
      const absolute = this.#root + target;
      const there = await look(absolute);
      if (there !== undefined && !there.isDirectory()) {
        await this.#tools.hold(absolute);
        await unlink(absolute);
      }
      if (there?.isDirectory() !== true) await mkdir(absolute, { mode: 0o700 });
      if (this.#tools.asRoot && (there?.isDirectory() !== true || there.uid !== uid || there.gid !== gid)) {
        await chown(absolute, uid, gid);
      }
      await chmod(absolute, mode & 0o7777);
    }
  }

  /** Takes what is ours away; a directory only when it is empty. */
  async remove(targets: readonly string[]): Promise<void> {
    for (const target of targets) {
      // Without its directory it is gone already: an earlier run was stopped after that.
      const reached = await this.#guard('remove', target).catch(ifDisturbed);
      if (reached === 'disturbed') continue;
      const there = await look(this.#root + target);
      if (there === undefined) continue;
      if (there.isDirectory()) {
        // Somebody has put something into it: it is theirs now.
        await this.#removeEmpty(target).catch(unlessFull);
      } else {
        await this.#tools.hold(this.#root + target);
        await unlink(this.#root + target);
      }
    }
  }

  /** Another text for a link of the links' own second level, which nothing but a server ever sees. */
  async relink(target: string, text: string): Promise<void> {
    await this.#guard('relink', target);
    const next = this.#name();
    await symlink(text, next);
    await rename(next, this.#root + target);
  }

  async #removeEmpty(target: string): Promise<void> {
    for (const known of this.#real) if (known === target || known.startsWith(`${target}/`)) this.#real.delete(known);
    await rmdir(this.#root + target);
  }

  #name(): string {
    return join(this.#tools.temporary, `live-${process.pid}-${serial++}`);
  }

  /** Nothing is done through a link: every directory above is one of the tree itself. */
  async #guard(change: string, target: string): Promise<void> {
    this.#tools.step?.(change, target);
    for (const parent of above(target).reverse()) {
      if (this.#real.has(parent)) continue;
      const stat = await look(this.#root + parent);
      if (stat?.isDirectory() !== true) throw new Disturbed(`${parent} is no directory of the tree any more`);
      this.#real.add(parent);
    }
  }
}

function unlessThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EEXIST') throw error;
}

function ifDisturbed(error: unknown): 'disturbed' {
  if (!(error instanceof Disturbed)) throw error;
  return 'disturbed';
}

function unlessFull(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY') throw error;
}
