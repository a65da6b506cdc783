/** A family of pretended systems, and the planning of small repositories with it, for tests. */
import { createHash } from 'node:crypto';
import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import { planningContext, planSnapshot } from '../../engine/preview.ts';
import type { Plan } from '../../plan/make-plan.ts';
import type { FileEntry, GitMode, Snapshot } from '../../repo/snapshot.ts';
import type { OsFamily } from '../family.ts';
import { imagePlugin } from '../plugin.ts';

/** What a test may change of the family. */
export type FamilyTraits = Partial<
  Pick<OsFamily, 'name' | 'recipe' | 'matches' | 'folders' | 'addons' | 'defaultRepositories'>
>;

const never = (): never => {
  throw new Error('nothing is built in these tests');
};

/** `debian`, but for what a test changes; packages from a mirror. */
export function pretendedFamily(traits: FamilyTraits = {}): OsFamily {
  return {
    name: 'debian',
    recipe: '1',
    matches: (os) => /^(debian|ubuntu)/.test(os),
    folders: () => ['debian'],
    defaultRepositories: () => [
      { type: 'deb', url: 'deb http://deb.debian.org/debian bookworm main', alias: 'debian', from: 'the usual mirror' },
    ],
    addons: true,
    fetch: never,
    install: never,
    packages: never,
    repositoryStates: never,
    ...traits,
  };
}

/** A file: its text, or text and mode. */
export type Files = Readonly<Record<string, string | { readonly text: string; readonly mode: GitMode }>>;

/** A commit of files that exist only here. */
export function snapshotOf(files: Files): Snapshot {
  const texts = new Map<string, Buffer>();
  const all: FileEntry[] = Object.entries(files).map(([path, file]) => {
    const { text, mode } = typeof file === 'string' ? { text: file, mode: '100644' as const } : file;
    const oid = createHash('sha1').update(text).digest('hex');
    texts.set(oid, Buffer.from(text));
    return { path, mode, oid };
  });
  return {
    commit: createHash('sha1').update(JSON.stringify(all)).digest('hex'),
    async list(folder) {
      const entries = all
        .filter(({ path }) => folder === '' || path.startsWith(`${folder}/`))
        .sort((a, b) => (a.path < b.path ? -1 : 1));
      const tree = createHash('sha1').update(JSON.stringify(entries)).digest('hex');
      return { tree: entries.length === 0 ? undefined : tree, entries };
    },
    async blobs(oids) {
      return oids.map((oid) => texts.get(oid) ?? Buffer.alloc(0));
    },
  };
}

/** Plans a commit with the plugin of the family alone. */
export async function planWith(
  snapshot: Snapshot,
  family: OsFamily = pretendedFamily(),
  images: 'built' | 'external' = 'built',
): Promise<{ plan: Plan; diagnostics: readonly Diagnostic[] }> {
  const plugin = imagePlugin(family, async () => {});
  const { plan } = await planSnapshot(snapshot, planningContext([{ plugin, hooks: plugin.setup({}) }], { images }));
  return { plan, diagnostics: plan.diagnostics };
}

/** One node that boots one image, `compute`, with a list of two packages. */
export const small: Readonly<Record<string, string>> = {
  'tables/site.csv': '#key,value\n"master","10.0.0.1"\n',
  'tables/nodelist.csv': '#node,groups\n"n01","all"\n',
  'tables/hosts.csv': '#node,ip\n"n01","10.0.0.11"\n',
  'tables/nodetype.csv': '#node,os,arch,profile,provmethod\n"n01","debian12","x86_64","compute","compute"\n',
  'tables/chain.csv': '#node,currstate\n"n01","statelite"\n',
  'tables/osimage.csv':
    '#imagename,profile,provmethod,osvers,osarch\n"compute","compute","statelite","debian12","x86_64"\n',
  'tables/litefile.csv': '#image,file,options\n"ALL","/etc/motd","tmpfs"\n',
  'custom/netboot/debian/compute.pkglist': '# what a node needs\nlinux-image-amd64\nopenssh-server\n',
};

/** linuximage.csv with one row, for image `compute`. */
export function linuximage(cells: Readonly<Record<string, string>>): Record<string, string> {
  const columns = Object.keys(cells);
  const values = Object.values(cells).map((text) => `"${text.replaceAll('"', '""')}"`);
  return { 'tables/linuximage.csv': `#imagename,${columns.join(',')}\n"compute",${values.join(',')}\n` };
}
