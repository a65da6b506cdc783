/** One state of the config repository, readable without a working copy: a commit, or a folder as it would be committed. */

/** git's modes that can occur: regular file, executable file, symbolic link, submodule. */
export type GitMode = '100644' | '100755' | '120000' | '160000';

export interface FileEntry {
  /** Path in the repository, `/` between parts, no leading slash. */
  readonly path: string;
  readonly mode: GitMode;
  /** The blob's object id (SHA-1, 40 hex digits): git's hash of the content. */
  readonly oid: string;
}

export interface Snapshot {
  /** The commit's id; undefined for a folder with changes that are not committed, and for "no commit yet". */
  readonly commit: string | undefined;
  /** All files below a folder (`tables`, `syncdirs`; '' for all), sorted by path in byte order. A missing folder gives none.
   *  `tree` is the folder's own tree id (undefined when missing): equal ids mean equal content. */
  list(folder: string): Promise<{ readonly tree: string | undefined; readonly entries: readonly FileEntry[] }>;
  /** The bytes of blobs, in the order asked. Throws where one is missing. */
  blobs(oids: readonly string[]): Promise<Buffer[]>;
}

/** What a commit says about itself. Times are ISO 8601 in UTC. */
export interface CommitInfo {
  readonly oid: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly authorEmail: string;
  readonly authoredAt: string;
  readonly committer: string;
  readonly committedAt: string;
  readonly subject: string;
  readonly body: string;
}
