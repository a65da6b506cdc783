/** Makes small worlds for tests from a map of paths, and appliers for a temporary directory. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ApplierOptions, openApplier } from '../../core/apply/apply.ts';
import type { Store } from '../../core/apply/store.ts';
import type { Entry, World } from '../../core/plan/world.ts';
import type { Lifetime, ReloadOutput } from '../../core/plugin/output.ts';
import type { CommandRunner } from '../../core/plugin/plugin.ts';

export type Wanted = { readonly mode?: number; readonly uid?: number; readonly lifetime?: Lifetime } & (
  | { readonly text: string }
  | { readonly directory: true }
  | { readonly link: string }
  | { readonly hardlink: string }
);
/** Root to path to what is wanted there. Parents are made by themselves, mode 0755. */
export type WorldSpec = Readonly<Record<string, Readonly<Record<string, Wanted>>>>;

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');
export const blobId = (text: string): string => sha1(`blob ${Buffer.byteLength(text)}\0${text}`);

function entryOf(root: string, path: string, wanted: Wanted, all: Readonly<Record<string, Wanted>>): Entry {
  const { uid = 0, lifetime = 'managed' } = wanted;
  const base = { root, path, plugin: 'test', node: undefined, lifetime };
  if ('text' in wanted) {
    const { mode = 0o644 } = wanted;
    const blob = blobId(wanted.text);
    const digest = sha1(`file ${blob} ${mode} ${uid}`);
    // Odd lengths come from the commit, even ones from the plan: both ways are used.
    const content = wanted.text.length % 2 === 0 ? { text: wanted.text } : { blob };
    return { ...base, kind: 'file', digest, content, blob, mode, uid, gid: uid };
  }
  if ('directory' in wanted) {
    const { mode = 0o755 } = wanted;
    return {
      ...base,
      kind: 'directory',
      digest: sha1(`directory ${mode} ${uid}`),
      mode,
      uid,
      gid: uid,
      implied: false,
    };
  }
  if ('link' in wanted) return { ...base, kind: 'link', digest: sha1(`link ${wanted.link}`), to: wanted.link };
  const target = all[wanted.hardlink];
  const of = target === undefined ? '' : entryOf(root, wanted.hardlink, target, all).digest;
  return { ...base, kind: 'hardlink', digest: sha1(`hardlink ${wanted.hardlink} ${of}`), to: wanted.hardlink };
}

/** The world of a specification. */
export function worldOf(spec: WorldSpec, reloads: readonly ReloadOutput[] = [], commit = 'c1'): World {
  const roots = new Map<string, Map<string, Entry>>();
  for (const [root, wanted] of Object.entries(spec)) {
    const all: Record<string, Wanted> = { ...wanted };
    for (const path of Object.keys(wanted)) {
      for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
        all[path.slice(0, slash)] ??= { directory: true };
      }
    }
    const paths = Object.keys(all).sort();
    roots.set(root, new Map(paths.map((path) => [path, entryOf(root, path, all[path] ?? { directory: true }, all)])));
  }
  const none = new Map();
  return {
    ...{ target: 'mn', commit, roots, reloads, external: [], untouched: none },
    ...{
      answers: none,
      addresses: none,
      generations: none,
      artifacts: none,
      waiting: none,
      elsewhere: none,
      live: none,
      heldTrees: none,
    },
  };
}

/** Bytes of every text of a specification, by blob id. */
export function blobsOf(...specs: readonly WorldSpec[]): (oids: readonly string[]) => Promise<Buffer[]> {
  const blobs = new Map<string, Buffer>();
  for (const spec of specs) {
    for (const wanted of Object.values(spec).flatMap((root) => Object.values(root))) {
      if ('text' in wanted) blobs.set(blobId(wanted.text), Buffer.from(wanted.text));
    }
  }
  return async (oids) =>
    oids.map((oid) => {
      const bytes = blobs.get(oid);
      if (bytes === undefined) throw new Error(`no blob ${oid}`);
      return bytes;
    });
}

export const run: CommandRunner = async (command, args) => promisify(execFile)(command, [...args]);

/** Options of an applier with the roots install, exports and tftp below a directory. */
export function applierOptions(dir: string, store: Store, ...specs: readonly WorldSpec[]): ApplierOptions {
  const roots = ['install', 'exports', 'tftp'].map((name, i) => {
    return { name, dir: join(dir, name), rank: i + 1, holdSeconds: name === 'install' ? 3600 : 0 };
  });
  return { roots, store, run, readBlobs: blobsOf(...specs) };
}

export { openApplier };
