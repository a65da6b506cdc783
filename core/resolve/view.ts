/** The frozen model of one commit: what checks and plugins read. Everything is computed before a plugin sees it. */
import type { Diagnostic, Position } from '../diagnostic/diagnostic.ts';
import type { FileEntry } from '../repo/snapshot.ts';
import type { Row, Table } from '../tables/table.ts';

/** A value that knows where it came from. */
export interface Value {
  readonly text: string;
  /** The cell's own text, before patterns and substitution. */
  readonly raw: string;
  readonly row: Row;
  readonly column: string;
  /** The row's key: the node's own name, or the group through which it was found. */
  readonly key: string;
}

/** The first word of chain.currstate (RULES, Nodes); undefined: no boot files. */
export type NodeState = 'statelite' | 'boot' | 'shell' | 'offline';

/** Canonical option kinds (RULES, Options). */
export type LiteKind =
  | 'link'
  | 'link+persistent'
  | 'link+ro'
  | 'link+con'
  | 'bind'
  | 'bind+persistent'
  | 'bind+ro'
  | 'bind+con'
  | 'bind+localdisk';

/** One file or directory that an image keeps writable, persistent, read-only-overlaid or concatenated. */
export interface LiteEntry {
  /** Absolute, without a trailing slash. */
  readonly path: string;
  readonly directory: boolean;
  readonly kind: LiteKind;
  readonly row: Row;
}

/** `server:/path` after substitution. `server` undefined: a path on the image itself. */
export interface Mount {
  /** Server as the tables name it. */
  readonly server: string | undefined;
  /** Its address where the hosts table knows it, else the name as written. */
  readonly address: string | undefined;
  readonly path: string;
  readonly options: string | undefined;
  readonly row: Row;
}

/** One overlay directory of a node, in search order. */
export interface TreeMount extends Mount {
  readonly priority: string;
  /** Under one of our published roots on one of our servers (DESIGN 5). */
  readonly ours: boolean;
  /** False: ours, but the commit publishes no such directory; it is named in the answer as absent, and not mounted. */
  readonly present: boolean;
}

/** How an osimage comes to be. External: the administrator's own tree, no generation in its path (RULES). */
export type ImageBuild =
  | { readonly kind: 'external'; readonly generation: string }
  | {
      readonly kind: 'built';
      readonly plugin: string;
      /** Artifact digests; `generation` stands in NFSROOT, `boot` in the path of kernel and initrd. */
      readonly base: string;
      readonly boot: string;
      readonly generation: string;
      /** Artifacts without which a node of this image has to wait (ids as in ArtifactOutput.id). */
      readonly needs: readonly string[];
    };

export interface Image {
  readonly name: string;
  readonly row: Row;
  readonly os: string;
  readonly arch: string;
  readonly profile: string;
  readonly groups: readonly string[];
  /** Sorted by path, byte order. */
  readonly litefile: readonly LiteEntry[];
  readonly build: ImageBuild;
}

export interface Mac {
  /** Lower case, colons. */
  readonly mac: string;
  /** `MAC!hostname`: the name this interface boots under; undefined: the node's own. */
  readonly hostname: string | undefined;
  /** `MAC!*NOIP*`: an interface of the node that is to get no address, nor to boot. */
  readonly noAddress?: true;
}

export interface Node {
  readonly name: string;
  /** In the order of nodelist.groups. */
  readonly groups: readonly string[];
  readonly row: Row;
  readonly state: NodeState | undefined;
  /** Rest of chain.currstate as written, whole; undefined when the cell is empty. */
  readonly currstate: Value | undefined;
  readonly image: Image | undefined;
  /** hosts.ip first, then hosts.otherinterfaces; normalised text. */
  readonly addresses: readonly string[];
  readonly macs: readonly Mac[];
  /** noderes.netboot, lower case. */
  readonly netboot: string | undefined;
  /** Who serves NFSROOT: name as written and resolved address (RULES, image server). */
  readonly imageServer: { readonly name: string; readonly address: string } | undefined;
  /** Who is asked for the answer: address of xcatmaster, and site.xcatdport. */
  readonly master: { readonly name: string; readonly address: string; readonly port: number } | undefined;
  readonly statemnt: Mount | undefined;
  readonly litetree: readonly TreeMount[];
  /** Why no safe boot set can be made for it (state statelite or shell only); empty: plannable. */
  readonly problems: readonly Diagnostic[];
}

/** A folder of the repository: entries relative to it. */
export interface Folder {
  /** git tree id of the folder; undefined where the commit has no such folder. */
  readonly tree: string | undefined;
  readonly entries: readonly FileEntry[];
}

export interface View {
  readonly commit: string | undefined;
  readonly tables: ReadonlyMap<string, Table>;
  /** site.csv: key to value. */
  readonly site: ReadonlyMap<string, string>;
  /** In byte order of names. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** In byte order of names. */
  readonly images: ReadonlyMap<string, Image>;
  /** Any column of a node-keyed table for a node (facts 1.2), patterns applied; undefined where nothing gives it a value. */
  value(node: string, table: string, column: string): Value | undefined;
  /** Address of a name by the hosts table; an address gives itself; undefined where unknown. Never DNS. */
  addressOf(name: string): string | undefined;
  /** All addresses of a host, by its name or one of its addresses: hosts.ip first, then hosts.otherinterfaces. */
  addressesOf(name: string): readonly string[];
  /** `syncdirs`, `custom`, `images`: what the commit has there. */
  folder(name: 'syncdirs' | 'custom' | 'images'): Folder;
  /** Text of a file below `custom/` or of attributes.csv (UTF-8); undefined where there is none. Overlay content is not loaded. */
  text(path: string): string | undefined;
  /** site.installdir and site.tftpdir, without trailing slash (defaults /install, /tftpboot). */
  readonly installdir: string;
  readonly tftpdir: string;
  /** Diagnostics found while the view was made (tables, resolution). */
  readonly diagnostics: readonly Diagnostic[];
}

/** Where a value was written: `tables/noderes.csv:3:12`. */
export function originOf(value: { readonly row: Row; readonly column?: string }): Position {
  return value.row.table.at(value.row, value.column);
}
