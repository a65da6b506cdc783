/** Who wrote a row or an overlay file, and in which commit: found by blame when it is printed, never carried along. */
import type { Position } from '../diagnostic/diagnostic.ts';
import { objectId } from '../repo/object-format.ts';
import type { Repository } from '../repo/repository.ts';
import type { CommitInfo } from '../repo/snapshot.ts';
import type { View } from '../resolve/view.ts';

/** A commit as explanations show it. */
export interface Authorship {
  readonly commit: string;
  readonly author: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly subject: string;
}

/** `uncommitted`: a change of the working copy that no commit holds yet. */
export type Author = Authorship | 'uncommitted' | undefined;

/** Looks authors up for one view: at its commit, or for a working copy at HEAD. */
export class Authors {
  private readonly view: View;
  private readonly repository: Repository | undefined;
  private head: Promise<string | undefined> | undefined;

  /** `repository` undefined: a folder that git does not know; nothing has an author. */
  constructor(view: View, repository: Repository | undefined) {
    this.view = view;
    this.repository = repository;
  }

  /** The commit that last wrote the line of a table at which something stands. */
  async ofLine(at: Position): Promise<Author> {
    const commit = await this.commit();
    if (this.repository === undefined || commit === undefined) return this.repository && 'uncommitted';
    const line = this.view.commit === undefined ? await this.committedLine(commit, at) : at.line;
    const info = line === undefined ? undefined : await this.repository.blame(commit, at.file, line);
    return info === undefined ? 'uncommitted' : authorship(info);
  }

  /** The newest commit that touched a file of the repository. `oid`: the content that is shown. */
  async ofFile(path: string, oid: string): Promise<Author> {
    const commit = await this.commit();
    if (this.repository === undefined || commit === undefined) return this.repository && 'uncommitted';
    if (this.view.commit === undefined) {
      const content = await this.repository.readFile(commit, path).catch(() => undefined);
      if (content === undefined || objectId('blob', content) !== oid) return 'uncommitted';
    }
    const [info] = await this.repository.history(1, commit, [path]);
    return info === undefined ? 'uncommitted' : authorship(info);
  }

  private commit(): Promise<string | undefined> {
    this.head ??=
      this.view.commit !== undefined
        ? Promise.resolve(this.view.commit)
        : (this.repository?.resolve('HEAD') ?? Promise.resolve(undefined));
    return this.head;
  }

  /** Where a line of the working copy stands in the commit: the same place if it is the same there, else its first like. */
  private async committedLine(commit: string, at: Position): Promise<number | undefined> {
    const table = [...this.view.tables.values()].find(({ file }) => file === at.file);
    const now = table?.text.split('\n')[at.line - 1];
    const then = (await this.repository?.readFile(commit, at.file).catch(() => undefined))
      ?.toString('utf8')
      .split('\n');
    if (now === undefined || then === undefined) return undefined;
    if (then[at.line - 1] === now) return at.line;
    const found = then.indexOf(now);
    return found < 0 ? undefined : found + 1;
  }
}

function authorship({ oid, author, authoredAt, subject }: CommitInfo): Authorship {
  return { commit: oid, author, date: authoredAt, subject };
}
