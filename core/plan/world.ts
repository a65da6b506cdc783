/** The world that a plan wants on one target: every path of every root, every node's answer, every artifact. */

import type { ArtifactOutput, Content, Lifetime, ReloadOutput, RootName } from '../plugin/output.ts';
import type { NodeCommand } from '../policy/rows.ts';
import type { Image } from '../resolve/view.ts';
import type { LiveSet } from './live.ts';

interface EntryBase {
  readonly root: RootName;
  readonly path: string;
  /** Who claims it; node: whose set it is part of (undefined: everybody's, or composed of parts). */
  readonly plugin: string;
  readonly node: string | undefined;
  readonly lifetime: Lifetime;
  /** Equal digests mean nothing to write: covers content or link text, kind, mode, owner. */
  readonly digest: string;
}

export interface FileEntryOf extends EntryBase {
  readonly kind: 'file';
  readonly content: Content;
  /** git blob id of the content. */
  readonly blob: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}
export interface DirectoryEntry extends EntryBase {
  readonly kind: 'directory';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Made only because something lies below it; pruned when nothing does any more and it is empty. */
  readonly implied: boolean;
}
export interface LinkEntry extends EntryBase {
  readonly kind: 'link';
  readonly to: string;
}
export interface HardLinkEntry extends EntryBase {
  readonly kind: 'hardlink';
  /** Path in the same root of the file entry whose inode it shares; digest covers that file's digest. */
  readonly to: string;
}
export type Entry = FileEntryOf | DirectoryEntry | LinkEntry | HardLinkEntry;

/** What a node is told, but for the generation's litefile list. */
export type NodeAnswer = (WholeAnswer | RefusedAnswer) & {
  /** What it is told at addresses that the policy table tells apart from its first; seldom there. */
  readonly except?: ReadonlyMap<string, WholeAnswer | RefusedAnswer>;
};

export interface WholeAnswer {
  readonly kind: 'answer';
  /** Commit that the trees and the state mount are of: the newest applied for this node. */
  readonly commit: string;
  readonly generation: string;
  /** Lines between the header and the litefile list: state, statemnt, trees. Interned: equal texts are one string. */
  readonly body: string;
  /** How many lines `body` has. */
  readonly lines: number;
}

export interface RefusedAnswer {
  readonly kind: 'refusal';
  readonly commit: string;
  readonly reason: string;
  /** Where the policy table refuses one of litefile and litetree: which one may be asked for still, and what it is made of. */
  readonly allowed?: { readonly command: NodeCommand; readonly answer: WholeAnswer };
}

/** What is frozen into a generation of an image: the litefile part of an answer. */
export interface Generation {
  readonly id: string;
  readonly image: string;
  /** Lines, one an entry. */
  readonly litefile: string;
  /** How many lines `litefile` has. */
  readonly lines: number;
  /** The words of the rows, one an entry, for the lists of the original; an earlier version did not keep them. */
  readonly options?: readonly string[];
}

/** Nodes that keep their previous set, and why. */
export interface Waiting {
  readonly node: string;
  /** Image whose artifact is missing, or undefined when it waits for another node (`behind`). */
  readonly image: string | undefined;
  readonly artifacts: readonly string[];
  /** A waiting node that still claims a path or an address of this one's new set. */
  readonly behind: string | undefined;
  /** Commit whose set it keeps; undefined: it had none. */
  readonly keeps: string | undefined;
}

/** By root: the top directories that are held. */
export type HeldTrees = ReadonlyMap<RootName, ReadonlySet<string>>;

export interface World {
  readonly target: string;
  readonly commit: string | undefined;
  /** Root to path to entry; every parent directory of an entry is an entry. Maps are in byte order of paths. */
  readonly roots: ReadonlyMap<RootName, ReadonlyMap<string, Entry>>;
  readonly answers: ReadonlyMap<string, NodeAnswer>;
  /** Address to the nodes that have it (two or more: nobody is served under it). */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  readonly generations: ReadonlyMap<string, Generation>;
  readonly artifacts: ReadonlyMap<string, ArtifactOutput>;
  readonly reloads: readonly ReloadOutput[];
  /** Links that wait for artifacts and are in no world known here: by root, paths that stay as they are on the disk, or absent. */
  readonly untouched: ReadonlyMap<RootName, ReadonlySet<string>>;
  /** By image: what is laid over its generations. */
  readonly live: ReadonlyMap<string, LiveSet>;
  /** By root: published directories that nobody publishes any more and that running nodes have mounted; they stay as they are. */
  readonly heldTrees: HeldTrees;
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** External images in use: `external, not checked`. */
  readonly external: readonly Image[];
  /** Number of outputs for other targets, by target. */
  readonly elsewhere: ReadonlyMap<string, number>;
}
