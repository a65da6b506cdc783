/** Turns outputs into the entries of a world: checks paths and claims, composes shared files, adds parent directories. */
import { badOutput, notADirectory, twoClaims } from '../diagnostic/catalogue/plan.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { Output, PartOutput } from '../plugin/output.ts';
import type { View } from '../resolve/view.ts';
import { blobId } from './blob.ts';
import { directoryEntry, fileEntry, hardLinkEntry, linkEntry } from './entry.ts';
import { type Held, SharedFile } from './parts.ts';
import { publishedEntries } from './publish.ts';
import type { Entry, FileEntryOf, World } from './world.ts';

type Placed = Exclude<Output, { kind: 'reload' | 'artifact' | 'live' }>;

/** Why a path cannot be below a root; undefined: it can. The engine's own folder is out of bounds for plugins. */
export function pathFault(path: string): string | undefined {
  if (path.startsWith('/')) return 'it is absolute';
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return 'it holds a control character';
  }
  for (const part of path.split('/')) {
    if (part === '') return 'it has an empty part';
    if (part === '.' || part === '..') return `it has a part '${part}'`;
    if (part === '.litehouse') return "'.litehouse' is the engine's own";
    // A character has at most three bytes.
    if (part.length > 85 && Buffer.byteLength(part) > 255) return 'a part is longer than 255 bytes';
  }
  return undefined;
}

/** A root's entries by path in order; `before`, the root in the world in effect, is in order already. */
function inOrder(root: ReadonlyMap<string, Entry>, before: ReadonlyMap<string, Entry> | undefined): Map<string, Entry> {
  const sorted = new Map<string, Entry>();
  if (before?.size === root.size) {
    // Hardly a push adds or removes a path: then the order is known, and nothing has to be compared.
    for (const path of before.keys()) {
      const entry = root.get(path);
      if (entry === undefined) break;
      sorted.set(path, entry);
    }
    if (sorted.size === root.size) return sorted;
    sorted.clear();
  }
  for (const path of [...root.keys()].sort()) {
    const entry = root.get(path);
    if (entry !== undefined) sorted.set(path, entry);
  }
  return sorted;
}

const claimant = (entry: { plugin: string; node?: string | undefined }): string =>
  entry.node === undefined ? entry.plugin : `${entry.plugin} (${entry.node})`;

/** Where an artifact stands that a link leads to. */
export type ArtifactStates = (id: string) => 'present' | 'missing' | 'not wanted';

export class EntryTable {
  private readonly roots = new Map<string, Map<string, Entry>>();
  private readonly shared = new Map<string, { root: string; path: string; file: SharedFile }>();
  private readonly hardLinks: { root: string; path: string; to: string; plugin: string; node: string | undefined }[] =
    [];
  /** Links whose artifacts are not all there yet. */
  private readonly pending: { readonly plugin: string; readonly output: Extract<Output, { kind: 'link' }> }[] = [];
  /** Of those, what is in no world known here: by root, paths to be left as they are on the disk; complete after `finish`. */
  readonly untouched = new Map<string, Set<string>>();
  /** What is in shared files only for nodes that run with it; complete after `finish`. */
  readonly held: Held[] = [];
  private readonly view: View;
  private readonly reuse: World | undefined;
  private readonly diagnostics: Diagnostic[];

  private readonly stateOf: ArtifactStates;

  constructor(
    view: View,
    reuse: World | undefined,
    diagnostics: Diagnostic[],
    stateOf: ArtifactStates = () => 'present',
  ) {
    this.stateOf = stateOf;
    this.view = view;
    this.reuse = reuse;
    this.diagnostics = diagnostics;
  }

  add(plugin: string, output: Placed): void {
    const { root, path, node } = output;
    const before = this.reuse?.roots.get(root)?.get(path);
    // A path of the world in effect was looked at before.
    const looked = before !== undefined || (output.kind === 'tree' && path === '');
    const fault = looked ? undefined : pathFault(path);
    if (fault !== undefined) {
      this.diagnostics.push(
        badOutput(undefined, { plugin, what: `it wants ${root}:${JSON.stringify(path)}, but ${fault}` }),
      );
      return;
    }
    switch (output.kind) {
      case 'file':
        this.put(this.file(before, plugin, output));
        break;
      case 'link': {
        const states = node === undefined ? (output.needs ?? []).map(this.stateOf) : [];
        // What nobody wants will never be there: the link is none of this world.
        if (states.includes('not wanted')) break;
        if (states.includes('missing')) this.pending.push({ plugin, output });
        else this.put(this.link(before, plugin, output));
        break;
      }
      case 'hardlink':
        this.hardLinks.push({ root, path, to: output.to, plugin, node });
        break;
      case 'directory':
        this.put(this.directory(before, plugin, output));
        break;
      case 'tree':
        for (const entry of publishedEntries(output, plugin, this.view)) this.put(entry);
        break;
      case 'shared-file':
      case 'part': {
        const key = `${root}:${path}`;
        let known = this.shared.get(key);
        if (output.kind === 'shared-file' && known !== undefined) {
          this.diagnostics.push(twoClaims(undefined, { root, path, first: known.file.plugin, second: plugin }));
          break;
        }
        if (known === undefined) {
          // Parts of a waiting node may outlive the shared file's own output; shared outputs are added first.
          known = { root, path, file: new SharedFile(output.kind === 'part' ? undefined : output, plugin) };
          this.shared.set(key, known);
        }
        if (output.kind === 'part') known.file.add(output);
        break;
      }
    }
  }

  /** A part that a running node booted with. A file that nobody writes any more is no server's: nothing is held in it. */
  hold(node: string, part: PartOutput): void {
    this.shared.get(`${part.root}:${part.path}`)?.file.hold(node, part);
  }

  /** The entry of a file; `before`, what the world in effect has at its path, where that is the same. */
  private file(before: Entry | undefined, plugin: string, output: Extract<Output, { kind: 'file' }>): FileEntryOf {
    const { root, path, node, content, mode, uid = 0, gid = 0, lifetime = 'managed' } = output;
    if (
      before?.kind === 'file' &&
      before.plugin === plugin &&
      before.node === node &&
      before.mode === mode &&
      before.uid === uid &&
      before.gid === gid &&
      before.lifetime === lifetime &&
      'text' in content &&
      'text' in before.content &&
      before.content.text === content.text
    ) {
      return before;
    }
    const blob = 'text' in content ? blobId(content.text) : content.blob;
    return fileEntry({ root, path, plugin, node, lifetime, content, blob, mode, uid, gid });
  }

  private link(before: Entry | undefined, plugin: string, output: Extract<Output, { kind: 'link' }>): Entry {
    const { root, path, node, to } = output;
    if (before?.kind === 'link' && before.to === to && before.plugin === plugin && before.node === node) return before;
    return linkEntry({ root, path, plugin, node, lifetime: 'managed', to });
  }

  private directory(before: Entry | undefined, plugin: string, output: Extract<Output, { kind: 'directory' }>): Entry {
    const { root, path, node, mode, uid = 0, gid = 0, lifetime = 'managed' } = output;
    if (
      before?.kind === 'directory' &&
      !before.implied &&
      before.plugin === plugin &&
      before.node === node &&
      before.mode === mode &&
      before.uid === uid &&
      before.gid === gid &&
      before.lifetime === lifetime
    ) {
      return before;
    }
    return directoryEntry({ root, path, plugin, node, lifetime, mode, uid, gid });
  }

  private put(entry: Entry): void {
    let root = this.roots.get(entry.root);
    if (root === undefined) {
      root = new Map();
      this.roots.set(entry.root, root);
    }
    const other = root.get(entry.path);
    if (other === undefined) root.set(entry.path, entry);
    else if (entry.kind !== 'directory' || other.kind !== 'directory' || entry.digest !== other.digest) {
      const args = { root: entry.root, path: entry.path, first: claimant(other), second: claimant(entry) };
      this.diagnostics.push(twoClaims(undefined, args));
    }
  }

  /** Composes shared files, joins hard links to their files, adds parent directories, sorts. */
  finish(): Map<string, Map<string, Entry>> {
    for (const { root, path, file } of this.shared.values()) {
      for (const held of file.settle()) this.held.push(held);
      const { mode = 0o644, uid, gid } = file.owner ?? {};
      const output = { kind: 'file', target: '', root, path, content: { text: file.text() }, mode, uid, gid } as const;
      this.put(this.file(this.reuse?.roots.get(root)?.get(path), file.plugin, output));
    }
    for (const { root, path, to, plugin, node } of this.hardLinks) {
      const file = this.roots.get(root)?.get(to);
      if (file?.kind !== 'file') {
        this.diagnostics.push(
          badOutput(undefined, { plugin, what: `${root}:${path} is a hard link to ${to}, which is no file` }),
        );
        continue;
      }
      this.put(hardLinkEntry({ root, path, to, plugin, node, lifetime: 'managed' }, file));
    }
    this.keepLinks();
    const sorted = new Map<string, Map<string, Entry>>();
    for (const name of [...this.roots.keys()].sort()) {
      const root = this.roots.get(name) ?? new Map<string, Entry>();
      this.addParents(name, root);
      this.claimUntouched(name, root);
      sorted.set(name, inOrder(root, this.reuse?.roots.get(name)));
    }
    return sorted;
  }

  /** A link that waits stays what it is in the world in effect; where that is not known, the disk keeps what it has. */
  private keepLinks(): void {
    for (const { plugin, output } of this.pending) {
      const { root, path } = output;
      const before = this.reuse?.roots.get(root)?.get(path);
      const other = this.roots.get(root)?.get(path);
      const first = other === undefined ? this.untouched.get(root)?.has(path) && plugin : claimant(other);
      if (typeof first === 'string') {
        this.diagnostics.push(twoClaims(undefined, { root, path, first, second: plugin }));
      } else if (before?.kind === 'link') {
        this.put(before);
      } else {
        const paths = this.untouched.get(root);
        if (paths === undefined) this.untouched.set(root, new Set([path]));
        else paths.add(path);
      }
    }
  }

  /** A path that will be a link can have nothing below it, said now and not when its artifacts are there. */
  private claimUntouched(name: string, root: ReadonlyMap<string, Entry>): void {
    if (!this.untouched.has(name)) return;
    for (const { plugin, output } of this.pending) {
      if (output.root !== name || this.untouched.get(name)?.has(output.path) !== true) continue;
      if (!root.has(output.path)) continue;
      this.diagnostics.push(notADirectory(undefined, { root: name, path: output.path, by: plugin }));
    }
  }

  private addParents(name: string, root: Map<string, Entry>): void {
    const checked = new Set<string>();
    for (const entry of [...root.values()]) {
      for (let slash = entry.path.lastIndexOf('/'); slash !== -1; slash = entry.path.lastIndexOf('/', slash - 1)) {
        const parent = entry.path.slice(0, slash);
        if (checked.has(parent)) break;
        checked.add(parent);
        const there = root.get(parent);
        if (there === undefined) {
          const { plugin, lifetime } = entry;
          const common = { root: name, path: parent, plugin, node: undefined, lifetime };
          root.set(parent, directoryEntry({ ...common, mode: 0o755, uid: 0, gid: 0, implied: true }));
        } else if (there.kind !== 'directory') {
          this.diagnostics.push(notADirectory(undefined, { root: name, path: parent, by: claimant(there) }));
        }
      }
    }
  }
}
