/**
 * Where a live path lies in a linked tree: found in the image as it was before links and live files, so that it does not depend on
 * what is laid now; then where the links have moved that place to.
 */
import { readdir, readlink } from 'node:fs/promises';
import { isReserved, type LiveFile } from '../../plan/live.ts';
import { above, defaults, isInside } from '../liteimg/entry.ts';
import type { LinkRecord } from '../liteimg/state.ts';
import { hiddenFile, type Laid, look } from './state.ts';

/** A generation with what is known of it. */
export interface Ground {
  /** The generation's directory; the tree is `rootimg` in it. */
  readonly directory: string;
  readonly root: string;
  /** Links by their real place in the image. */
  readonly links: ReadonlyMap<string, LinkRecord>;
  /** By place; also what an interrupted run may have laid. */
  readonly laid: ReadonlyMap<string, Laid>;
  /** Of those the ones that are known to be laid, by the path that the commit has. */
  readonly sure: ReadonlyMap<string, Laid>;
  /** Entries of the litefile list that lie elsewhere than their names say. */
  readonly led: readonly LinkRecord[];
}

export function groundOf(
  directory: string,
  records: readonly LinkRecord[],
  laid: readonly Laid[],
  unsure: readonly Laid[],
): Ground {
  return {
    directory,
    root: `${directory}/rootimg`,
    links: new Map(records.map((record) => [record.place, record])),
    laid: new Map([...laid, ...unsure].map((one) => [one.place, one])),
    sure: new Map(laid.map((one) => [one.path, one])),
    led: records.filter(({ path, place }) => path !== place),
  };
}

/** What the image has at a place. `blank`: made empty for a litefile row that found nothing, and so it gives way. */
interface Under {
  readonly type: 'file' | 'directory' | 'link';
  readonly blank: boolean;
  readonly text: string | undefined;
}

/** Where something of a live set goes. */
export interface LivePlace {
  readonly file: LiveFile;
  readonly place: string;
  readonly hides: Laid['hides'];
}

export interface PlacedSet {
  /** In the order of the set, each place once. Directories that the image has are not among them. */
  readonly placed: readonly LivePlace[];
  readonly troubles: readonly { readonly path: string; readonly why: string }[];
}

/** Where a place stands in the tree: the first is the one whose inode counts; a bind entry has a copy for the node to start from. */
export function targetsOf(ground: Ground, place: string): readonly string[] {
  for (const at of [place, ...above(place)]) {
    const record = ground.links.get(at);
    if (record === undefined || record.role === 'inside') continue;
    const rest = place.slice(at.length);
    return record.role === 'link' ? [record.home + rest] : [place, defaults + record.path + rest];
  }
  return [place];
}

/** Finds the place of everything in a set. */
export async function placeSet(ground: Ground, files: readonly LiveFile[]): Promise<PlacedSet> {
  const troubles: { path: string; why: string }[] = [];
  const found: ({ file: LiveFile } & Followed)[] = [];
  for (const file of files) {
    const one = known(ground, file) ?? (await follow(ground, file.path));
    if (typeof one !== 'string') found.push({ file, ...one });
    // A directory is wanted for what is in it, which is told of.
    else if (file.kind !== 'directory') troubles.push({ path: file.path, why: one });
  }
  const leaves = new Map<string, string>();
  for (const { file, place } of found) {
    if (file.kind !== 'directory' && !leaves.has(place)) leaves.set(place, file.path);
  }
  const placed = new Map<string, LivePlace>();
  /** Directories that are not made, and why: nothing can be laid in them. */
  const barred = new Map<string, string>();
  const directories = found.filter(({ file }) => file.kind === 'directory');
  for (const one of [...directories, ...found.filter(({ file }) => file.kind !== 'directory')]) {
    const { file, place, through, missing, under } = one;
    const directory = file.kind === 'directory';
    const over = [...through, ...(directory ? [place] : [])].find((at) => leaves.has(at));
    const why =
      over !== undefined
        ? `it leads through ${over}, where a live file is laid`
        : (through.map((at) => barred.get(at)).find((it) => it !== undefined) ??
          missing
            .filter((at) => !placed.has(at))
            .map((at) => `it leads through a link of the image to ${at}, which is not there`)[0] ??
          faultAt(ground, file, place, under, leaves.get(place)));
    if (why !== undefined) {
      if (directory) barred.set(place, why);
      else troubles.push({ path: file.path, why });
      continue;
    }
    // Also where it leads through a link of the image: what is in the directory finds its own way.
    if (directory && under !== undefined && !(under.blank && under.type === 'file')) continue;
    if (placed.has(place)) continue;
    const hides = under === undefined ? 'nothing' : under.type === 'directory' ? 'directory' : 'kept';
    placed.set(place, { file, place, hides });
  }
  return { placed: [...placed.values()], troubles };
}

/** Why something can't be laid at its place; undefined: it can. */
function faultAt(
  ground: Ground,
  file: LiveFile,
  place: string,
  under: Under | undefined,
  first: string | undefined,
): string | undefined {
  if (isReserved(place)) return `it leads to ${place}, which is not the image's own`;
  const record = [place, ...above(place)]
    .map((at) => ground.links.get(at))
    .find((it) => it !== undefined && it.role !== 'inside');
  if (record?.role === 'left') return `${record.path} is left as it is by the links: it is the kernel's own list`;
  if (file.kind === 'directory') {
    return under?.type === 'file' && under.blank && record?.kind === 'bind+ro'
      ? `the litefile row ${record.path} made an empty file there`
      : undefined;
  }
  if (first !== file.path) return `${first} leads to the same place`;
  if (under?.type === 'directory' && !under.blank) return 'the image has a directory there';
  if (under?.type === 'directory' && record?.kind === 'bind+ro')
    return `the litefile row ${record.path} made a directory there`;
  if (under?.type === 'link') {
    const led = ground.led.find(({ path }) => path === file.path || isInside(path, file.path));
    if (led !== undefined) return `it is a link of the image by which the litefile row ${led.path} was placed`;
  }
  return undefined;
}

interface Followed {
  readonly place: string;
  /** Places on the way. */
  readonly through: readonly string[];
  /** Those of them that the image does not have. */
  readonly missing: readonly string[];
  readonly under: Under | undefined;
}

/**
 * What is laid already is where it was: the image and its links do not change. So the cost goes by what is new. Not where links of the
 * image were followed, for those on the way are not noted.
 */
function known({ sure }: Ground, { path, kind }: LiveFile): Followed | undefined {
  const laid = sure.get(path);
  if (laid?.place !== path || (laid.kind === 'directory') !== (kind === 'directory')) return undefined;
  const type = laid.hides === 'directory' ? 'directory' : 'file';
  const under = { type, blank: kind === 'directory' || type === 'directory', text: undefined } as const;
  return { place: path, through: above(path), missing: [], under: laid.hides === 'nothing' ? undefined : under };
}

/** As many links as the kernel follows. */
const mostLinks = 40;

/** Follows a path as a process whose root is the image would; a link at its end is not followed. A text says why it leads nowhere. */
async function follow(ground: Ground, path: string): Promise<Followed | string> {
  const trail: { place: string; there: boolean }[] = [];
  const through: string[] = [];
  const missing: string[] = [];
  const queue = path.slice(1).split('/');
  let links = 0;
  for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
    if (part === '..') {
      trail.pop();
      continue;
    }
    const parent = trail.at(-1) ?? { place: '', there: true };
    const place = `${parent.place}/${part}`;
    const under = parent.there ? await underAt(ground, place) : undefined;
    if (queue.length === 0) return { place, through, missing, under };
    through.push(place);
    if (under?.type === 'link') {
      if (++links > mostLinks) return 'it leads through links that never end';
      const text = under.text ?? '';
      if (text.startsWith('/')) trail.length = 0;
      queue.unshift(...text.split('/').filter((word) => word !== '' && word !== '.'));
      continue;
    }
    if (under?.type === 'file' && !under.blank) return `${place} is a file in the image`;
    if (under?.type !== 'directory') missing.push(place);
    // In a blank directory is nothing, and where it gave way nothing may be looked at through what stands there now.
    trail.push({ place, there: under?.type === 'directory' && !under.blank });
  }
  return 'it leads to a directory above it';
}

async function underAt(ground: Ground, place: string): Promise<Under | undefined> {
  const laid = ground.laid.get(place);
  if (laid?.hides === 'nothing') return undefined;
  if (laid?.hides === 'directory') return { type: 'directory', blank: true, text: undefined };
  const [target = place] = targetsOf(ground, place);
  const kept = laid === undefined ? undefined : hiddenFile(ground.directory, place);
  // Not hidden yet, or back already: then it is where it belongs.
  const at = kept !== undefined && (await look(kept)) !== undefined ? kept : ground.root + target;
  const stat = await look(at);
  if (stat === undefined) return undefined;
  if (stat.isSymbolicLink()) return { type: 'link', blank: false, text: await readlink(at) };
  const made = ground.links.get(place)?.existed === false;
  if (stat.isDirectory())
    return { type: 'directory', blank: made && (await isEmpty(ground, place, at)), text: undefined };
  return { type: 'file', blank: made && stat.size === 0, text: undefined };
}

/** Empty but for what is laid there. */
async function isEmpty({ laid }: Ground, place: string, at: string): Promise<boolean> {
  return (await readdir(at)).every((name) => laid.get(`${place}/${name}`)?.hides === 'nothing');
}
