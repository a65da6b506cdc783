/**
 * liteimg: makes the link farm of a list of litefile entries in a tree, by difference from what was linked last time.
 *
 * Order: what an interrupted run left is undone; what no longer fits is undone, deepest first; then what is new is made,
 * directories before what is inside them. Before each of the two the state file says what is about to be touched, so that
 * whatever stops a run, the next one finishes it. What results depends on the image and the list alone, not on earlier lists.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { findAdopted } from './adopt.ts';
import { above, comparePaths, defaults, isPlain, type LinkEntry, readEntries, statelite, tmpfs } from './entry.ts';
import { type Farm, makeCopy, makeLink, makeMountPoint, undo } from './make.ts';
import { decide, findDamage, placeEntries, planRecords } from './plan.ts';
import { type LinkedEntry, type LinkNote, type LinkReport, noteOn, standingNotes } from './report.ts';
import type { Placed, Role } from './roles.ts';
import { type LinkRecord, type LinkState, loadState, stateFile, stateText } from './state.ts';
import { LinkFarmError, openTree, type Step } from './tree.ts';

export interface LinkOptions {
  /** Called before every change; a throw stops the run there. */
  readonly step?: Step;
  /**
   * Default true: what is about to be touched is on the disk before it is touched, so that a power cut is finished by the next
   * run too. False for a generation, which nothing reads before it is finished and synced as a whole: after a power cut it is
   * made anew.
   */
  readonly durable?: boolean;
}

/**
 * Makes the links of a list of entries in the tree at `root`, and takes away those of entries that are gone. Runs on the
 * same tree must not overlap; nothing else may change the tree meanwhile. Cost goes by rows, and of bind directories by files.
 * @throws LinkFarmError where the tree has something in /.statelite or /.default that cannot be worked on
 * @throws the system's error where a change fails; the next run goes on from there
 */
export async function linkImage(
  root: string,
  entries: readonly LinkEntry[],
  options: LinkOptions = {},
): Promise<LinkReport> {
  const bad = entries.find(({ path }) => !isPlain(path));
  if (bad !== undefined) throw new LinkFarmError(`'${bad.path}' is not a full path of one file or directory`);
  if (!statSync(root).isDirectory()) throw new LinkFarmError(`${root} is not a directory`);
  const tree = openTree(resolve(root), options);
  const remembered = loadState(tree);
  const saved = remembered ?? { version: 1, records: [], made: [], unsure: [] };
  const notes: LinkNote[] = [];
  const note: Farm['note'] = (path, code) => notes.push(noteOn(path, code));
  const farm: Farm = { tree, made: new Set(saved.made), likes: new Map(), note };
  const wanted = readEntries(entries);

  // Cut off while it was saved. Unlinked, never written: it may be a link, or shared with a base.
  if (tree.look(`${stateFile}.new`) !== undefined) tree.unlink(`${stateFile}.new`);
  await undoAll(farm, saved.unsure);
  const damaged = await findDamage(farm, saved.records);
  const placed = placeEntries(farm, wanted, saved.records, damaged);
  for (const [path, code] of damaged) if (wanted.has(path) && code !== 'missing') note(path, code);
  const adopted = findAdopted(farm, placed, saved.records, remembered === undefined);
  const { roles, kept, gone } = decide(wanted, placed, saved.records, damaged, adopted);
  if (gone.length > 0) {
    save(farm, { records: [...kept.values()], unsure: gone });
    await undoAll(farm, gone);
  }
  const fresh = planRecords(farm, wanted, placed, roles, kept);
  if (fresh.length > 0) {
    save(farm, { records: [...kept.values()], unsure: fresh });
    await makeAll(farm, fresh);
  }
  const records = new Map([...kept.values(), ...fresh].map((record) => [record.path, record]));
  const relabelled = saved.records.filter(({ path, kind }) => kept.has(path) && kept.get(path)?.kind !== kind);
  if (gone.length + fresh.length + saved.unsure.length + relabelled.length > 0) finish(farm, records);

  const again = new Set(fresh.map(({ path }) => path));
  const before = new Map(saved.records.map((record) => [record.path, record]));
  const report = describe(wanted, placed, roles, records, notes);
  const changed = (path: string) => again.has(path) || before.get(path)?.kind !== records.get(path)?.kind;
  const here = [...records.keys()];
  return {
    ...report,
    added: here.filter((path) => !before.has(path)).length,
    removed: [...before.keys()].filter((path) => !records.has(path)).length,
    changed: here.filter((path) => before.has(path) && changed(path)).length,
    unchanged: here.filter((path) => before.has(path) && !changed(path)).length,
    skipped: wanted.size - records.size,
  };
}

/** Inner entries before the directory that they are in, while it is still where they were made. */
async function undoAll(farm: Farm, records: readonly LinkRecord[]): Promise<void> {
  const deepest = [...records].sort((a, b) => comparePaths(b.place, a.place));
  for (const inside of [true, false]) {
    for (const record of deepest) {
      if ((record.role === 'inside') !== inside) continue;
      await farm.tree.breathe();
      await undo(farm, record);
    }
  }
}

/** Directories first, then what is inside them, and copies when all is there. */
async function makeAll(farm: Farm, records: readonly LinkRecord[]): Promise<void> {
  const outer = records.filter(({ role }) => role !== 'inside');
  for (const record of outer) {
    await farm.tree.breathe();
    if (record.role === 'link') await makeLink(farm, record);
    else makeMountPoint(farm, record);
  }
  for (const record of records) if (record.role === 'inside') makeMountPoint(farm, record);
  for (const record of outer) if (record.role !== 'link') await makeCopy(farm, record);
}

function save({ tree, made }: Farm, state: Pick<LinkState, 'records' | 'unsure'>): void {
  if (tree.look(statelite) === undefined) {
    tree.mkdir(statelite);
    made.add(statelite);
  }
  tree.replace(stateFile, stateText({ version: 1, ...state, made: [...made].sort(comparePaths) }));
}

/** The state that stays. An empty list leaves the tree as it was before the first one. */
function finish(farm: Farm, records: ReadonlyMap<string, LinkRecord>): void {
  const { tree, made } = farm;
  const needed = new Set<string>();
  for (const { path, place, home } of records.values())
    for (const to of [place, home, defaults + path, tmpfs + path]) for (const parent of above(to)) needed.add(parent);
  // What somebody has put something into since is the image's own now.
  for (const path of made) if (!needed.has(path) && path !== statelite) made.delete(path);
  if (records.size > 0) {
    const sorted = [...records.values()].sort((a, b) => comparePaths(a.path, b.path));
    save(farm, { records: sorted, unsure: [] });
    return;
  }
  if (tree.look(stateFile) !== undefined) tree.unlink(stateFile);
  if (made.has(statelite)) tree.rmdir(statelite);
}

function describe(
  wanted: ReadonlyMap<string, LinkEntry>,
  placed: ReadonlyMap<string, Placed>,
  roles: ReadonlyMap<string, Role>,
  records: ReadonlyMap<string, LinkRecord>,
  notes: readonly LinkNote[],
): Pick<LinkReport, 'entries' | 'notes'> {
  const entries: LinkedEntry[] = [];
  const standing: LinkNote[] = [];
  for (const [path, { directory, kind }] of wanted) {
    const role = roles.get(path);
    const record = records.get(path);
    const common = { path, directory, kind, place: placed.get(path)?.place ?? path };
    if (role?.role === 'skipped') {
      entries.push({ path, directory, kind, place: path, role: 'skipped' });
      standing.push(noteOn(path, role.why));
    } else if (record !== undefined) {
      const { role, top, type, existed } = record;
      entries.push({ ...common, role, type, existed, ...(top === undefined ? {} : { top }) });
      standing.push(...standingNotes({ path, directory, kind }, record).map((code) => noteOn(path, code)));
    }
  }
  return { entries, notes: [...notes, ...standing] };
}
