/** Snapshot to preview: view, checks, plan, world and difference, in one pure pass but for reading the snapshot. */
import { checkView } from '../check/check.ts';
import { judgeSeverity } from '../check/severity.ts';
import { checkWaivers } from '../check/waivers.ts';
import { badOutput, twoClaims } from '../diagnostic/catalogue/plan.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { type BootedParts, type Composed, composeWorld, type PreviousSets } from '../plan/compose.ts';
import { diffWorlds } from '../plan/diff.ts';
import { type ImagesMode, imageDecision, makePlan, type Plan } from '../plan/make-plan.ts';
import type { World } from '../plan/world.ts';
import type { LoadedPlugin } from '../plugin/loaded.ts';
import { managementNode } from '../plugin/output.ts';
import type { ImagePlan, Place } from '../plugin/plugin.ts';
import { checkPaths } from '../repo/paths.ts';
import type { Snapshot } from '../repo/snapshot.ts';
import { buildView, type ViewBase } from '../resolve/build-view.ts';
import { TableCache } from '../tables/load.ts';
import { heldGroups } from './status.ts';
import type { Preview } from './types.ts';

export interface PlanningContext {
  readonly plugins: readonly LoadedPlugin[];
  readonly target: string;
  readonly images: ImagesMode;
  readonly base: ViewBase;
  /** The host that is planned for, where its settings are known. */
  readonly place: Place | undefined;
}

/** The place of a host of ours: its roots and whether it runs reloads. Nothing is known of other targets. */
export function placeOf(settings: {
  readonly target: string;
  readonly roots: readonly { readonly name: string; readonly dir: string }[];
  readonly reloads: boolean;
}): Place {
  const directories = new Map(settings.roots.map(({ name, dir }) => [name, dir]));
  return {
    directory: (target, root) => (target === settings.target ? directories.get(root) : undefined),
    reloads: settings.reloads,
  };
}

export function planningContext(
  plugins: readonly LoadedPlugin[],
  options: { readonly target?: string; readonly images?: ImagesMode; readonly place?: Place } = {},
): PlanningContext {
  return {
    plugins,
    target: options.target ?? managementNode,
    images: options.images ?? 'external',
    place: options.place,
    base: { tableCache: new TableCache(), extraSchemas: plugins.flatMap(({ plugin }) => plugin.tables ?? []) },
  };
}

/** Plans a snapshot; the diagnostics of tables, resolution, checks and plugins are in the plan's view and in `checked`. */
export async function planSnapshot(
  snapshot: Snapshot,
  context: PlanningContext,
): Promise<{ plan: Plan; checked: readonly Diagnostic[] }> {
  const diagnostics: Diagnostic[] = [];
  const imagePlans = new Map<string, ImagePlan>();
  const decide = imageDecision(context.plugins, imagePlans, diagnostics, context.images);
  const view = await buildView(snapshot, context.base, decide);
  const plan = makePlan(view, context.plugins, context.target, imagePlans, context.place);
  const codes = context.plugins.flatMap(({ plugin }) => (plugin.messages ?? []).map(({ code }) => code));
  const checks = [...checkView(view), ...checkWaivers(view, codes)];
  const paths = await checkPaths(snapshot);
  // Never `push(...list)`: a hundred thousand findings would overflow the stack.
  return { plan, checked: [...view.diagnostics, ...diagnostics, ...checks, ...paths] };
}

/** What a planned commit would do to `base`, and whether it may. */
export function previewPlan(
  plan: Plan,
  checked: readonly Diagnostic[],
  base: {
    readonly world: World | undefined;
    readonly sets: PreviousSets;
    readonly present: (id: string) => boolean;
    /** How many generations of an image are on the disk, where that is known. */
    readonly generations?: (image: string) => number;
    /** What running nodes booted with. */
    readonly booted?: BootedParts;
    /** Images that somebody asked for by name. */
    readonly asked?: ReadonlySet<string>;
    /** Names of the roots that there are; undefined: not known here, any will do. */
    readonly roots?: ReadonlySet<string>;
  },
): { preview: Preview; composed: Composed } {
  const composed = composeWorld(plan, base.sets, base.present, base.world, base.booted, base.asked);
  const homeless = undeclaredRoots(composed.world, base.roots);
  // Two nodes with one address claim one path too: what the tables say wrong is said once, as the tables' mistake.
  const wrong = checked.some((diagnostic) => diagnostic.severity === 'error');
  const claims = wrong ? composed.diagnostics.filter(({ code }) => code !== twoClaims.code) : composed.diagnostics;
  const diagnostics = judgeSeverity(plan.view, [...checked, ...claims, ...homeless]);
  const ok = diagnostics.every((diagnostic) => diagnostic.severity !== 'error');
  const preview: Preview = {
    commit: plan.view.commit,
    diagnostics,
    ok,
    view: plan.view,
    world: ok ? composed.world : undefined,
    diff: ok ? diffWorlds(base.world, composed.world, base.generations) : undefined,
    ...(ok && composed.held.length > 0 ? { held: heldGroups(composed.held) } : {}),
  };
  return { preview, composed };
}

/** A plugin that plans below a root that the settings lack: said in the push, where it can still be refused. */
function undeclaredRoots(world: World, roots: ReadonlySet<string> | undefined): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const [name, entries] of world.roots) {
    const [entry] = entries.values();
    if (roots === undefined || roots.has(name) || entry === undefined) continue;
    const known = [...roots].join(', ');
    found.push(
      badOutput(undefined, { plugin: entry.plugin, what: `it plans below root '${name}'; the settings have ${known}` }),
    );
  }
  return found;
}

const nothing: PreviousSets = new Map();

/** Check and plan of one snapshot without a server. Artifacts count as present: what is shown is where it ends. */
export async function previewSnapshot(
  snapshot: Snapshot,
  options: {
    readonly plugins: readonly LoadedPlugin[];
    readonly images?: ImagesMode;
    readonly base?: World;
    readonly context?: PlanningContext;
    /** What running nodes booted with, where that is known. */
    readonly booted?: BootedParts;
  },
): Promise<Preview> {
  const context = options.context ?? planningContext(options.plugins, { images: options.images });
  const { plan, checked } = await planSnapshot(snapshot, context);
  return previewPlan(plan, checked, {
    world: options.base,
    sets: nothing,
    present: () => true,
    booted: options.booted,
  }).preview;
}
