/** litefile paths that do not fit what is known of the image: slashes, spellings, places that must stay as they are. */
import {
  directoryWithoutSlash,
  fileWithSlash,
  keepAsItIs,
  kernelPath,
  reservedPath,
  runAsLink,
  samePathTwice,
} from '../diagnostic/catalogue/lite.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { publishedRoot } from '../resolve/nodes.ts';
import { dialectOf, optionKind } from '../resolve/options.ts';
import type { Folder, Image, LiteEntry, View } from '../resolve/view.ts';
import type { Row } from '../tables/table.ts';
import { parentOf } from './nesting.ts';

/** Directories of every distribution that the cookbook lists; what an image holds besides can't be seen in a commit. */
const usualDirectories: ReadonlySet<string> = new Set(
  `/etc /etc/lvm /etc/pam.d /etc/ssh /etc/sysconfig /etc/syslog-ng /home /mnt /opt /opt/xcat /root /root/.ssh /run /srv /tmp
  /usr /usr/local /var /var/account /var/adm /var/cache /var/db /var/empty /var/lib /var/lib/nfs /var/lock /var/log /var/run
  /var/spool /var/tmp /xcatpost`.split(/\s+/),
);

/** What a node rewrites or reads before overlays and state are there (cookbook 2.2). */
const keptPaths: ReadonlySet<string> = new Set([
  '/etc/fstab',
  '/etc/mtab',
  '/etc/ssh',
  '/run',
  '/var/lock',
  '/var/run',
]);

/** In memory either way; systemd refuses to start where /run is a link. */
const runPaths: ReadonlySet<string> = new Set(['/run', '/var/lock', '/var/run']);

/** From which release on a distribution's init is systemd. */
const systemdSince: Readonly<Record<string, number>> = {
  alma: 8,
  centos: 7,
  debian: 8,
  fedora: 15,
  ol: 7,
  opensuse: 12,
  rhel: 7,
  rhels: 7,
  rocky: 8,
  sl: 7,
  sles: 12,
  ubuntu: 15,
};

function startsSystemd(os: string): boolean {
  const [, name = '', release = ''] = /^([a-z]+)(\d+)/i.exec(os) ?? [];
  return Number(release) >= (systemdSince[name.toLowerCase()] ?? Number.POSITIVE_INFINITY);
}

const reserved = ['/.default', '/.statelite', '/.sllocal'];
const kernel = ['/proc', '/sys', '/dev'];

const within = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

export function checkLitefile(view: View): Diagnostic[] {
  const found = spelledTwice(view);
  const seen = seenPaths(view);
  const told = new Set<Row>();
  const word = dialectOf(view.site) === 'later' ? 'tmpfs' : 'bind';
  for (const image of view.images.values()) {
    const entries = new Map(image.litefile.map((entry) => [entry.path, entry]));
    const holds = new Map<string, string>();
    for (const entry of image.litefile) {
      const parent = parentOf(entry.path, entries);
      if (parent !== undefined && !parent.directory) holds.set(parent.path, entry.path);
    }
    for (const entry of image.litefile) {
      if (told.has(entry.row)) continue;
      const diagnostic =
        checkPlace(entry) ?? checkRun(image, entry, word) ?? checkSlash(entry, holds.get(entry.path), seen);
      if (diagnostic === undefined) continue;
      told.add(entry.row);
      found.push(diagnostic);
    }
  }
  return found;
}

function checkPlace({ path, kind, row }: LiteEntry): Diagnostic | undefined {
  const at = () => row.table.at(row, 'file');
  const ours = reserved.find((place) => within(path, place));
  if (ours !== undefined) return reservedPath(at(), { path, place: ours });
  const theirs = kernel.find((place) => within(path, place));
  if (theirs !== undefined) return kernelPath(at(), { path, place: theirs });
  if (kind === 'bind' && runPaths.has(path)) return undefined;
  if (kind !== 'link' && keptPaths.has(path)) return keepAsItIs(row.table.at(row, 'options'), { path, kind });
  return undefined;
}

/** systemd freezes where /run is a link; /var/run leads to /run in every image that starts it. */
function checkRun({ name, os }: Image, { path, kind, row }: LiteEntry, word: string): Diagnostic | undefined {
  if (kind !== 'link' || (path !== '/run' && path !== '/var/run') || !startsSystemd(os)) return undefined;
  return runAsLink(row.table.at(row, 'file'), { path, image: name, word });
}

function checkSlash(entry: LiteEntry, child: string | undefined, seen: SeenPaths): Diagnostic | undefined {
  const { path, directory, kind, row } = entry;
  const at = () => row.table.at(row, 'file');
  if (directory) {
    const file = seen.files.get(path);
    return file === undefined ? undefined : fileWithSlash(at(), { path, why: `${file} is a file` });
  }
  // con has no directories, and says so itself.
  if (kind.endsWith('+con')) return undefined;
  const shown = seen.directories.get(path);
  const why =
    child !== undefined
      ? `${child} is listed below it`
      : shown !== undefined
        ? `${shown} is a directory`
        : usualDirectories.has(path)
          ? 'it is a directory in every image'
          : undefined;
  return why === undefined ? undefined : directoryWithoutSlash(at(), { path, why });
}

/** Paths of an image that the repository shows as a file or a directory, with where it shows them. */
interface SeenPaths {
  readonly files: ReadonlyMap<string, string>;
  readonly directories: ReadonlyMap<string, string>;
}

/** Looks for the listed paths in the overlays that nodes use and in the files laid over images. */
function seenPaths(view: View): SeenPaths {
  const wanted = new Set<string>();
  const names = new Set<string>();
  for (const image of view.images.values()) {
    for (const { path } of image.litefile) {
      wanted.add(path);
      names.add(path.slice(path.lastIndexOf('/') + 1));
    }
  }
  const files = new Map<string, string>();
  const directories = new Map<string, string>();
  if (wanted.size === 0) return { files, directories };
  const trees = new Set<string>();
  for (const node of view.nodes.values()) {
    for (const { ours, present, path } of node.litetree) if (ours && present) trees.add(path);
  }
  const look = (folder: 'syncdirs' | 'images', path: string, into: Map<string, string>): void => {
    // Few paths end in the name of a listed one: only those are compared part by part.
    if (!names.has(path.slice(path.lastIndexOf('/') + 1))) return;
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const inside = path.slice(slash);
      if (!wanted.has(inside) || into.has(inside)) continue;
      const top = path.slice(0, slash);
      const counts = folder === 'syncdirs' ? trees.has(`${publishedRoot}/${top}`) : /^[^/]+\/rootimg$/.test(top);
      if (counts) into.set(inside, `${folder}/${path}`);
    }
  };
  for (const folder of ['syncdirs', 'images'] as const) {
    const content = view.folder(folder);
    for (const entry of content.entries) {
      // What a link leads to is not known here.
      if (entry.mode !== '120000') look(folder, entry.path, files);
    }
    for (const directory of directoriesOf(content)) look(folder, directory, directories);
  }
  return { files, directories };
}

/** Kept by folder: pushes that change tables only have the same folders. */
const known = new WeakMap<Folder, ReadonlySet<string>>();

function directoriesOf(folder: Folder): ReadonlySet<string> {
  let found = known.get(folder);
  if (found === undefined) {
    const all = new Set<string>();
    for (const { path } of folder.entries) {
      for (let slash = path.lastIndexOf('/'); slash !== -1; slash = path.lastIndexOf('/', slash - 1)) {
        const directory = path.slice(0, slash);
        if (all.has(directory)) break;
        all.add(directory);
      }
    }
    found = all;
    known.set(folder, found);
  }
  return found;
}

/** `/etc/ssh` and `/etc/ssh/` for one image: two keys to the table, one entry to an image. */
function spelledTwice(view: View): Diagnostic[] {
  const table = view.tables.get('litefile');
  const dialect = dialectOf(view.site);
  const first = new Map<string, Row>();
  const found: Diagnostic[] = [];
  for (const row of table?.rows ?? []) {
    const file = table?.value(row, 'file');
    if (table === undefined || file === undefined) continue;
    const path = file.replace(/\/+$/, '').replace(/\/{2,}/g, '/');
    const key = `${table.value(row, 'image') ?? ''} ${path}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, row);
    else if (table.value(other, 'file') !== file) {
      const differ =
        optionKind(table.value(row, 'options'), dialect) !== optionKind(table.value(other, 'options'), dialect);
      found.push(samePathTwice(table.at(row, 'file'), { path, line: other.line, differ }));
    }
  }
  return found;
}
