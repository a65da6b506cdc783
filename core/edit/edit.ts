/** An edit that a command asks for, and what it comes to: changed table files, or why not. Pure: from one view to texts. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { View } from '../resolve/view.ts';
import { changeTables } from './change-tables.ts';
import { setNodes } from './nodeset.ts';
import { replaceTable } from './replace-table.ts';
import { setFile } from './set-file.ts';

/** `chtab`: one row of each table named, found by the key's columns. */
export interface ChangeTables {
  readonly kind: 'chtab';
  /** Column to value; all must match. */
  readonly key: Readonly<Record<string, string>>;
  /** Table to column to value; '' empties a cell. */
  readonly set: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Tables whose rows of that key are deleted. */
  readonly remove: readonly string[];
}

/** `nodeset`: `state` as written: `statelite`, `statelite=IMAGE`, `osimage=IMAGE`, `boot`, `shell`, `offline`. */
export interface SetNodes {
  readonly kind: 'nodeset';
  readonly noderange: string;
  readonly state: string;
}

/** `tabedit`: a whole table as a person left it in an editor. */
export interface ReplaceTable {
  readonly kind: 'tabedit';
  readonly table: string;
  /** What the person started from; undefined: there was no such file. */
  readonly base?: string;
  readonly text: string;
}

/** `images update` and `images lock`: a whole file of an image, that a command keeps. */
export interface SetFile {
  readonly kind: 'file';
  /** In the repository: `images/<name>/lock` or `images/<name>/taken`. */
  readonly path: string;
  /** Undefined removes it. */
  readonly text?: string;
}

export type EditCommand = ChangeTables | SetNodes | ReplaceTable | SetFile;

export type EditResult =
  /** Path to new text, undefined where the file goes; empty where everything is as asked already. */
  | { readonly kind: 'files'; readonly files: ReadonlyMap<string, string | undefined> }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] };

/** The files that an edit changes in the commit of a view. */
export function computeEdit(view: View, command: EditCommand): EditResult {
  switch (command.kind) {
    case 'chtab':
      return changeTables(view, command);
    case 'nodeset':
      return setNodes(view, command);
    case 'tabedit':
      return replaceTable(view, command);
    case 'file':
      return setFile(view, command);
  }
}

export function refuse(...diagnostics: readonly Diagnostic[]): EditResult {
  return { kind: 'refused', diagnostics };
}
