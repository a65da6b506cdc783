/** What plans are made of: plain data that says what should exist, for whom, and which node it serves. */

/** Named place on a target below which a plugin may put things. The engine maps it to a directory. */
export type RootName = 'tftp' | 'install' | 'exports' | 'syncdirs' | 'state' | (string & {});

/** The management node; a service node is named by its node name. */
export const managementNode = 'mn';

/** `managed`: written, mended, pruned. `create-only`: made once, never emptied, chowned or pruned. */
export type Lifetime = 'managed' | 'create-only';

/** Text made by a plan, or a blob of the commit. Either has a git blob id, which is its digest. */
export type Content = { readonly text: string } | { readonly blob: string };

interface Placed {
  /** `managementNode` or the name of a service node. */
  readonly target: string;
  readonly root: RootName;
  /** Relative to the root; `/` between parts; no `..`, no leading slash, no control characters. */
  readonly path: string;
  /** The node whose set this belongs to: it flips or waits with that node's other outputs. Absent: serves all, flips at once. */
  readonly node?: string;
}

interface Owned {
  /** Permission bits, e.g. 0o644. */
  readonly mode: number;
  /** Numeric; default 0 (root). */
  readonly uid?: number;
  readonly gid?: number;
}

export interface FileOutput extends Placed, Owned {
  readonly kind: 'file';
  readonly content: Content;
  readonly lifetime?: Lifetime;
}

export interface DirectoryOutput extends Placed, Owned {
  readonly kind: 'directory';
  readonly lifetime?: Lifetime;
}

/** A symbolic link; `to` is its text. */
export interface LinkOutput extends Placed {
  readonly kind: 'link';
  readonly to: string;
  /** Ids of artifacts that it leads to: until all are in place the link stays as it is on the disk (or absent). Only without `node`. */
  readonly needs?: readonly string[];
}

/** A further name (same inode) of a file output of the same root. */
export interface HardLinkOutput extends Placed {
  readonly kind: 'hardlink';
  /** Path of the file output, relative to the same root. */
  readonly to: string;
}

/**
 * A contribution to a file that many nodes share. The engine composes the file: lines sorted by (`order`, `line`), each followed
 * by its items (sorted, unique, joined by one blank). A waiting node contributes its previous parts (RULES, Parts).
 */
export interface PartOutput extends Placed {
  readonly kind: 'part';
  readonly order: number;
  readonly line: string;
  readonly item?: string;
  /** The item that this node alone needs, where `item` stands for several nodes: what is held for it while it runs. */
  readonly alone?: string;
}

/** The mode, owner and comment line of a file made of parts; one output a file, from the plugin that owns it. */
export interface SharedFileOutput extends Placed, Owned {
  readonly kind: 'shared-file';
  /** First lines of the file, each already with its comment sign. */
  readonly header: readonly string[];
}

/** Owner and mode of published files: the last rule that matches wins (DESIGN 5). `path` is exact, or a prefix for `dir/**`. */
export interface AttributeRule {
  readonly path: string;
  readonly deep: boolean;
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

/** A folder of the commit, published as it is (directories keep their inode, files change by rename with the old inode held). */
export interface TreeOutput extends Placed {
  readonly kind: 'tree';
  /** Folder in the repository. */
  readonly folder: 'syncdirs' | 'images';
  readonly attributes: readonly AttributeRule[];
}

/**
 * Live files of an image (RULES, Paths): a folder of the commit, laid over every generation that is kept, by rename; for a path under a
 * litefile entry, over its content in `/.default`. The one thing that changes finished trees; what it hides comes back when it goes.
 */
export interface LiveOutput {
  readonly kind: 'live';
  readonly target: string;
  readonly root: RootName;
  /** Osimage name. */
  readonly image: string;
  /** In the repository: `images/<name>/rootimg`. */
  readonly folder: string;
  /** Parts of the folder that are inputs of the base and not live: `boot`, `lib/modules`, … */
  readonly leaveOut: readonly string[];
  readonly attributes: readonly AttributeRule[];
}

/** Something that is built once per digest of its inputs and then never written again. */
export interface ArtifactOutput extends Placed {
  readonly kind: 'artifact';
  /** `<plugin>/<name>@<digest>`: unique. */
  readonly id: string;
  readonly plugin: string;
  /** For people: `base rhels5.5-x86_64-compute`. */
  readonly name: string;
  /** Hex digest of everything the recipe depends on, the recipe's own version included (never the stamp). */
  readonly digest: string;
  /** Ids of artifacts that must exist before it is built. */
  readonly inputs: readonly string[];
  /** What build needs to know; plain JSON data. */
  readonly recipe: unknown;
  /** Names that its build leaves directly below it. One that loses any of them counts as gone, and is built again. */
  readonly holds?: readonly string[];
}

/** A service to poke after files under a root changed; at most once an apply for equal `name`. */
export interface ReloadOutput {
  readonly kind: 'reload';
  readonly target: string;
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Runs when something in this root (below `path`, if given) changed in the apply. */
  readonly when: { readonly root: RootName; readonly path?: string };
}

export type Output =
  | FileOutput
  | DirectoryOutput
  | LinkOutput
  | HardLinkOutput
  | PartOutput
  | SharedFileOutput
  | TreeOutput
  | LiveOutput
  | ArtifactOutput
  | ReloadOutput;
