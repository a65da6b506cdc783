/** Turns outputs into the entries of a world: checks paths and claims, composes shared files, adds parent directories. */
import { badOutput, notADirectory, twoClaims } from '../diagnostic/catalogue/plan.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { Output } from '../plugin/output.ts';
import type { View } from '../resolve/view.ts';
import { blobId } from './blob.ts';
import { directoryEntry, fileEntry, hardLinkEntry, linkEntry } from './entry.ts';
import { SharedFile } from './parts.ts';
import { publishedEntries } from './publish.ts';
import type { Entry, FileEntryOf, World } from './world.ts';

type Placed = Exclude<Output, { kind: 'reload' | 'artifact' }>;

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
    if (Buffer.byteLength(part) > 255) return 'a part is longer than 255 bytes';
  }
  return undefined;
}

/** Entries by the output that they were made of: plugins give the same output object for a node that stands unchanged. */
const entryOf = new WeakMap<Placed, Entry>();

const claimant = (entry: { plugin: string; node?: string | undefined }): string =>
  entry.node === undefined ? entry.plugin : `${entry.plugin} (${entry.node})`;

export class EntryTable {
  private readonly roots = new Map<string, Map<string, Entry>>();
  private readonly shared = new Map<string, { root: string; path: string; file: SharedFile }>();
  private readonly hardLinks: { root: string; path: string; to: string; plugin: string; node: string | undefined }[] =
    [];
  private readonly view: View;
  private readonly reuse: World | undefined;
  private readonly diagnostics: Diagnostic[];

  constructor(view: View, reuse: World | undefined, diagnostics: Diagnostic[]) {
    this.view = view;
    this.reuse = reuse;
    this.diagnostics = diagnostics;
  }

  add(plugin: string, output: Placed): void {
    const made = entryOf.get(output);
    if (made !== undefined) {
      this.put(made);
      return;
    }
    const { root, path, node } = output;
    // A path of the world in effect was looked at before.
    const looked = (output.kind === 'tree' && path === '') || this.reuse?.roots.get(root)?.has(path) === true;
    const fault = looked ? undefined : pathFault(path);
    if (fault !== undefined) {
      this.diagnostics.push(
        badOutput(undefined, { plugin, what: `it wants ${root}:${JSON.stringify(path)}, but ${fault}` }),
      );
      return;
    }
    switch (output.kind) {
      case 'file':
        this.putMade(output, this.file(root, path, plugin, node, output));
        break;
      case 'link':
        this.putMade(output, this.link(root, path, plugin, node, output.to));
        break;
      case 'hardlink':
        this.hardLinks.push({ root, path, to: output.to, plugin, node });
        break;
      case 'directory': {
        const { mode, uid = 0, gid = 0, lifetime = 'managed' } = output;
        this.putMade(output, directoryEntry({ root, path, plugin, node, lifetime, mode, uid, gid }));
        break;
      }
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

  private file(
    root: string,
    path: string,
    plugin: string,
    node: string | undefined,
    output: Extract<Output, { kind: 'file' }>,
  ): FileEntryOf {
    const { content, mode, uid = 0, gid = 0, lifetime = 'managed' } = output;
    const before = this.reuse?.roots.get(root)?.get(path);
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

  private link(root: string, path: string, plugin: string, node: string | undefined, to: string): Entry {
    const before = this.reuse?.roots.get(root)?.get(path);
    if (before?.kind === 'link' && before.to === to && before.plugin === plugin && before.node === node) return before;
    return linkEntry({ root, path, plugin, node, lifetime: 'managed', to });
  }

  private putMade(output: Placed, entry: Entry): void {
    entryOf.set(output, entry);
    this.put(entry);
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
      const { mode = 0o644, uid, gid } = file.owner ?? {};
      const output = { kind: 'file', target: '', root, path, content: { text: file.text() }, mode, uid, gid } as const;
      this.put(this.file(root, path, file.plugin, undefined, output));
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
    const sorted = new Map<string, Map<string, Entry>>();
    for (const name of [...this.roots.keys()].sort()) {
      const root = this.roots.get(name) ?? new Map<string, Entry>();
      this.addParents(name, root);
      sorted.set(name, new Map([...root.entries()].sort(([a], [b]) => (a < b ? -1 : 1))));
    }
    return sorted;
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
