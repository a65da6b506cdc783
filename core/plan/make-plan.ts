/** Runs every plugin's pure hooks over a view and sorts what they plan by whom it serves. */
import { badOutput, pluginFailed } from '../diagnostic/catalogue/plan.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { asksForBuild } from '../image/columns.ts';
import type { LoadedPlugin } from '../plugin/loaded.ts';
import type { ArtifactOutput, Output } from '../plugin/output.ts';
import type { ImagePlan, Place } from '../plugin/plugin.ts';
import { policyOf } from '../policy/policy.ts';
import type { BuildDecision } from '../resolve/build-view.ts';
import { publishedRoot } from '../resolve/nodes.ts';
import type { Image, Node, View } from '../resolve/view.ts';
import { answerOf, Bodies, generationOf } from './answer.ts';
import { outputFault } from './output-fault.ts';
import type { Generation, NodeAnswer } from './world.ts';

export interface PlannedOutput {
  readonly plugin: string;
  readonly output: Output;
}

/** All that one node's boot depends on; it flips as a unit (DESIGN 7). */
export interface NodeSet {
  /** Commit that it was planned from. */
  readonly commit: string;
  readonly outputs: readonly PlannedOutput[];
  readonly answer: NodeAnswer;
  readonly addresses: readonly string[];
  readonly image: Image | undefined;
  /** Ids of artifacts without which it cannot be in place. */
  readonly needs: readonly string[];
  /** Published directories that it mounts, below root `syncdirs`. */
  readonly trees: readonly string[];
}

export interface Plan {
  readonly view: View;
  readonly commit: string;
  readonly target: string;
  /** Outputs that serve all. */
  readonly shared: readonly PlannedOutput[];
  readonly sets: ReadonlyMap<string, NodeSet>;
  /** What the images of nodes need. */
  readonly artifacts: ReadonlyMap<string, ArtifactOutput>;
  /** What plugins would build for each image, used by a node or not. */
  readonly images: ReadonlyMap<string, ImagePlan>;
  readonly generations: ReadonlyMap<string, Generation>;
  readonly elsewhere: ReadonlyMap<string, readonly Output[]>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Which images plugins build: none, those whose linuximage row says so (`build` is yes), or all that a plugin can build.
 * By row is the rule: whoever brings trees of his own keeps them, image by image, until he asks for one to be built.
 */
export type ImagesMode = 'external' | 'rows' | 'built';

/** The build decision for buildView: the first plugin whose images hook answers builds the image. */
export function imageDecision(
  plugins: readonly LoadedPlugin[],
  plans: Map<string, ImagePlan>,
  diagnostics: Diagnostic[],
  mode: ImagesMode,
): BuildDecision | undefined {
  if (mode === 'external') return undefined;
  return (view, image) => {
    if (mode === 'rows' && !asksForBuild(view, image)) return undefined;
    for (const { plugin, hooks } of plugins) {
      if (hooks.images === undefined) continue;
      const plan = guarded(plugin.name, 'images', diagnostics, () => hooks.images?.(view, image));
      if (plan !== undefined) {
        plans.set(image.name, plan);
        return plan.build;
      }
    }
    return undefined;
  };
}

function guarded<T>(plugin: string, hook: string, diagnostics: Diagnostic[], run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    diagnostics.push(pluginFailed(undefined, { plugin, hook, why }));
    return undefined;
  }
}

/** What a plan hook gave, which may be anything where it was not compiled with our types. */
function listed(plugin: string, outputs: unknown, diagnostics: Diagnostic[]): readonly Output[] {
  if (outputs === undefined) return [];
  if (Array.isArray(outputs)) return outputs;
  diagnostics.push(
    badOutput(undefined, { plugin, what: 'its plan hook gave no array of outputs (it must not be async)' }),
  );
  return [];
}

/** Whether a node's boot set can be made at all. */
export function isPlannable(node: Node): boolean {
  return node.state !== undefined && node.state !== 'offline' && node.problems.length === 0;
}

const treesBy = new WeakMap<Node['litetree'], readonly string[]>();

/** Directories of ours that a node mounts. */
function treesOf({ litetree }: Node): readonly string[] {
  let trees = treesBy.get(litetree);
  if (trees === undefined) {
    trees = litetree
      .filter(({ ours, present, server }) => ours && present && server !== undefined)
      .map(({ path }) => path.slice(publishedRoot.length + 1).replace(/\/+$/, ''));
    treesBy.set(litetree, trees);
  }
  return trees;
}

/** Plans a view for one target. `imagePlans`: what imageDecision collected while the view was made; `on`: the target's host. */
export function makePlan(
  view: View,
  plugins: readonly LoadedPlugin[],
  target: string,
  imagePlans: ReadonlyMap<string, ImagePlan>,
  on?: Place,
): Plan {
  const commit = view.commit ?? 'uncommitted';
  const diagnostics: Diagnostic[] = [];
  const shared: PlannedOutput[] = [];
  const byNode = new Map<string, PlannedOutput[]>();
  const artifacts = new Map<string, ArtifactOutput>();
  const elsewhere = new Map<string, Output[]>();
  const place = (plugin: string, output: Output): void => {
    const fault = outputFault(output);
    if (fault !== undefined) {
      diagnostics.push(badOutput(undefined, { plugin, what: fault }));
      return;
    }
    if (output.target !== target) {
      const list = elsewhere.get(output.target);
      if (list === undefined) elsewhere.set(output.target, [output]);
      else list.push(output);
      return;
    }
    if (output.kind === 'artifact') {
      artifacts.set(output.id, output);
      return;
    }
    const node = 'node' in output ? output.node : undefined;
    if (node === undefined) shared.push({ plugin, output });
    else if (!view.nodes.has(node)) {
      diagnostics.push(badOutput(undefined, { plugin, what: `an output is for '${node}', which is no node` }));
    } else {
      const list = byNode.get(node);
      if (list === undefined) byNode.set(node, [{ plugin, output }]);
      else list.push({ plugin, output });
    }
  };
  const usedImages = new Set<Image>();
  for (const node of view.nodes.values()) if (node.image !== undefined && isPlannable(node)) usedImages.add(node.image);
  for (const image of usedImages) {
    const plan = imagePlans.get(image.name);
    if (plan !== undefined && image.build.kind === 'built') {
      for (const artifact of plan.artifacts) place(image.build.plugin, artifact);
    }
  }
  for (const { plugin, hooks } of plugins) {
    const outputs = guarded(plugin.name, 'plan', diagnostics, () => hooks.plan?.(view, on));
    for (const output of listed(plugin.name, outputs, diagnostics)) place(plugin.name, output);
    const found = guarded(plugin.name, 'check', diagnostics, () => hooks.check?.(view, on));
    // One by one: a spread of a hundred thousand would overflow the stack.
    for (const diagnostic of found ?? []) diagnostics.push(diagnostic);
  }
  const bodies = new Bodies();
  const policy = policyOf(view);
  const sets = new Map<string, NodeSet>();
  const nothing: readonly PlannedOutput[] = [];
  const noNeeds: readonly string[] = [];
  for (const node of view.nodes.values()) {
    const built = isPlannable(node) && node.image?.build.kind === 'built' ? node.image.build : undefined;
    sets.set(node.name, {
      commit,
      outputs: byNode.get(node.name) ?? nothing,
      answer: answerOf(node, commit, bodies, policy),
      addresses: node.addresses,
      image: isPlannable(node) ? node.image : undefined,
      needs: built?.needs ?? noNeeds,
      trees: isPlannable(node) ? treesOf(node) : noNeeds,
    });
  }
  const generations = new Map<string, Generation>();
  for (const image of usedImages) generations.set(image.build.generation, generationOf(image));
  return { view, commit, target, shared, sets, artifacts, images: imagePlans, generations, elsewhere, diagnostics };
}
