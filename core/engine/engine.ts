/**
 * The engine: asks the ref, plans what it names, applies it, and answers nodes from what is in effect.
 *
 * Over 300 lines because the one thing that changes, what is in effect, is changed here and nowhere else.
 */
import { EventEmitter } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Applier, openApplier } from '../apply/apply.ts';
import { buildPatience } from '../apply/build-watch.ts';
import { BuildQueue } from '../apply/builds.ts';
import { purgeHolds } from '../apply/holds.ts';
import type { ApplyReport } from '../apply/report.ts';
import { commandRunner } from '../apply/run-command.ts';
import { openStore, type Store } from '../apply/store.ts';
import type { Composed, PreviousSets } from '../plan/compose.ts';
import type { Held } from '../plan/parts.ts';
import { renderDiagnostics } from '../plan/render.ts';
import type { Generation, World } from '../plan/world.ts';
import type { LoadedPlugin } from '../plugin/loaded.ts';
import type { ArtifactOutput } from '../plugin/output.ts';
import type { Drift, Plugin, Probe } from '../plugin/plugin.ts';
import type { NodeCommand } from '../policy/rows.ts';
import { Repository } from '../repo/repository.ts';
import type { Snapshot } from '../repo/snapshot.ts';
import type { View } from '../resolve/view.ts';
import { answerForAddress, answerForNode } from './answers.ts';
import { appliedLines, blockedFinding, keepsOf, problemOf, withoutOf } from './applied.ts';
import { Holding } from './holding.ts';
import { BootedSets } from './holds.ts';
import { ImageCommands } from './image-commands.ts';
import { ImageLife, type InService } from './image-life.ts';
import { RepositoryQuestions } from './image-repositories.ts';
import { lostImages, lostText, stopsBoots } from './lost.ts';
import { type InEffect, Memory } from './memory.ts';
import { type Base, type Planned, Planner } from './planner.ts';
import { placeOf, planningContext } from './preview.ts';
import { BuildProgress } from './progress.ts';
import { Serial } from './serial.ts';
import { stampOf } from './stamp.ts';
import { statusOf } from './status.ts';
import type { Answering, AnswerText, Engine, EngineSettings, Preview, Reconciled, Status } from './types.ts';

interface LookOptions {
  readonly adopt?: readonly string[];
  readonly repair?: boolean;
  readonly retryBuilds?: boolean;
  readonly again?: boolean;
}

/**
 * Opens the engine on a repository and a state directory; both must exist. Nothing is applied before `reconcile`.
 * Options are as the plugins' schemas gave them back. Throws where the store or a root cannot be opened.
 */
export async function openEngine(
  settings: EngineSettings,
  plugins: readonly Plugin[],
  options: Readonly<Record<string, unknown>> = {},
): Promise<Engine> {
  await mkdir(settings.state, { recursive: true, mode: 0o755 });
  const loaded = plugins.map((plugin) => ({ plugin, hooks: plugin.setup(options[plugin.name] ?? {}) }));
  const repository = await Repository.open(settings.repository);
  const store = await openStore(join(settings.state, 'lmdb'));
  try {
    return await RunningEngine.open(settings, loaded, options, repository, store);
  } catch (error) {
    await store.close();
    await repository.close();
    throw error;
  }
}

class RunningEngine implements Engine {
  readonly settings: EngineSettings;
  private current: (InService & { readonly held: readonly Held[] }) | undefined;
  /** The sets before the last flip: a node that booted meanwhile names one of them. */
  private before: PreviousSets = new Map();
  private readonly holding: Holding;
  /** How many generations of each image are on the disk. */
  private generationCounts: ReadonlyMap<string, number> = new Map();
  private generations = new Map<string, Generation>();
  private report: ApplyReport | undefined;
  private problem: string | undefined;
  private warnings = 0;
  private busy = false;
  private closing = false;
  private queued: Promise<Reconciled> | undefined;
  private readonly planner: Planner;
  private readonly serial = new Serial();
  private readonly events = new EventEmitter();
  private readonly answeringListeners = new Set<(answering: Answering) => Promise<void>>();
  private readonly probe: Probe = { run: commandRunner(), readFile: (path) => readFile(path).catch(() => undefined) };
  private readonly memory: Memory;
  private readonly loaded: readonly LoadedPlugin[];
  private readonly repository: Repository;
  private readonly store: Store;
  private readonly applier: Applier;
  private readonly builds: BuildQueue;
  private readonly life: ImageLife;
  private readonly imageCommands: ImageCommands;
  private readonly questions: RepositoryQuestions;
  private readonly progress = new BuildProgress();
  private readonly stamp: string;
  /** The check refused what the branch names; the commit before stays in effect. */
  private refused = false;
  /** What the start found and somebody should read, told with the first apply. */
  private readonly notices: string[] = [];
  /** Commits that the last apply kept, joined; undefined: not known, look. */
  private keptCommits: string | undefined;

  private constructor(
    settings: EngineSettings,
    loaded: readonly LoadedPlugin[],
    stamp: string,
    repository: Repository,
    store: Store,
    applier: Applier,
    builds: BuildQueue,
  ) {
    this.settings = settings;
    this.loaded = loaded;
    this.stamp = stamp;
    this.repository = repository;
    this.store = store;
    this.applier = applier;
    this.builds = builds;
    this.memory = new Memory(store);
    const context = planningContext(loaded, { ...settings, place: placeOf(settings) });
    const roots = new Set(settings.roots.map(({ name }) => name));
    this.life = new ImageLife(store, builds, settings.keepGenerations);
    const { asked } = this.life.records;
    const bootedSets = new BootedSets(store);
    this.holding = new Holding(
      bootedSets,
      this.life.pins,
      (reason) => this.reconcile(reason, { again: true }),
      (problem) => this.events.emit('boots', problem),
    );
    const onDisk = {
      present: (id: string) => builds.present(id),
      generations: (image: string) => this.generationCounts.get(image) ?? 0,
    };
    this.planner = new Planner(context, repository, roots, onDisk, bootedSets, asked);
    this.questions = new RepositoryQuestions(loaded, settings);
    this.imageCommands = new ImageCommands({
      ...{ life: this.life, settings, serial: this.serial, questions: this.questions },
      current: () => this.current,
      again: (reason) => this.reconcile(reason, { again: true }),
      changed: () => this.planner.artifactsChanged(),
      tell: (line) => this.tellBuild(line),
    });
    this.generations = this.memory.generations();
    this.events.setMaxListeners(0);
  }

  static async open(
    settings: EngineSettings,
    loaded: readonly LoadedPlugin[],
    options: Readonly<Record<string, unknown>>,
    repository: Repository,
    store: Store,
  ): Promise<RunningEngine> {
    const applier = await openApplier({
      roots: settings.roots,
      store,
      run: commandRunner(),
      readBlobs: (oids) => repository.blobs(oids),
      reloads: settings.reloads,
    });
    const recovery = await applier.recover();
    // The queue calls back into the engine that holds it.
    const holder: { engine?: RunningEngine } = {};
    const notices: string[] = [];
    const builds = await BuildQueue.open({
      roots: applier.roots,
      store,
      state: settings.state,
      build: (artifact, context) => {
        const hook = loaded.find(({ plugin }) => plugin.name === artifact.plugin)?.hooks.build;
        if (hook === undefined) throw new Error(`plugin ${artifact.plugin} has no build hook`);
        return hook(artifact, context);
      },
      runner: commandRunner,
      onChange: (artifact, failure) => holder.engine?.buildSettled(artifact, failure),
      onLine: (artifact, _line, progress, since) =>
        holder.engine?.tellBuild(holder.engine.progress.line(artifact, progress, since)),
      onProblem: (line) => (holder.engine === undefined ? notices.push(line) : holder.engine.tellBuild(line)),
      onRemoval: settings.onRemoval,
      width: settings.builds,
      patience: buildPatience(settings.buildMinutes),
    });
    const stamp = stampOf(settings, loaded, options);
    const engine = new RunningEngine(settings, loaded, stamp, repository, store, applier, builds);
    engine.notices.push(...notices);
    for (const [root, lines] of recovery.damaged) {
      engine.notices.push(
        `the manifest of root ${root} was damaged (${lines} lines): its paths were looked at on the disk`,
      );
    }
    holder.engine = engine;
    await engine.restore();
    return engine;
  }

  private buildSettled(artifact: ArtifactOutput, failure: string | undefined): void {
    this.planner.artifactsChanged();
    const told = this.progress.settled(artifact, failure);
    this.tellBuild(told);
    if (!this.closing) void this.reconcile(told, { again: true });
  }

  private tellBuild(line: string | undefined): void {
    if (line !== undefined) this.events.emit('build', line);
  }

  get world(): World | undefined {
    return this.current?.world;
  }

  get view(): View | undefined {
    return this.current?.view;
  }

  /** Brings back the sets of the commits that were in effect, so that nodes that wait keep theirs across a restart. */
  private async restore(): Promise<void> {
    const was = this.memory.inEffect();
    if (was === undefined) return;
    const restored = await this.planner.setsOf(was);
    if (restored === undefined) return;
    const { planned, sets } = restored;
    const { composed, preview } = this.planner.compose(planned, { world: undefined, sets });
    this.warnings = preview.diagnostics.length;
    this.current = { ...composed, view: planned.plan.view, images: planned.plan.images };
    this.holding.inEffect(composed.held);
    this.generationCounts = await this.applier.generations();
  }

  judge(snapshot: Snapshot): Promise<Preview> {
    return this.serial.run(async () => {
      const { preview } = this.planner.judge(await this.planner.ofSnapshot(snapshot), this.base());
      if (!preview.ok || preview.world === undefined) return preview;
      const blocked = await this.applier.preflight(preview.world);
      const more = blocked.map(blockedFinding);
      return more.length === 0 ? preview : { ...preview, diagnostics: [...preview.diagnostics, ...more] };
    });
  }

  private base(): Base {
    return { world: this.current?.world, sets: this.current?.sets ?? new Map() };
  }

  reconcile(
    reason: string,
    options: {
      readonly adopt?: readonly string[];
      readonly repair?: boolean;
      readonly retryBuilds?: boolean;
      readonly again?: boolean;
    } = {},
  ): Promise<Reconciled> {
    const plain = options.adopt === undefined && !options.repair && !options.retryBuilds && !options.again;
    if (plain && this.queued !== undefined) return this.queued;
    const result = this.serial.run(async () => {
      // From here on the ref is being read: a call that comes now needs a look of its own.
      if (plain) this.queued = undefined;
      this.busy = true;
      this.events.emit('change', `looking at ${this.settings.branch}: ${reason}`);
      try {
        return await this.look(options);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        this.problem = text;
        return { commit: this.current?.world.commit, changed: false, ok: false, lines: [text] };
      } finally {
        this.busy = false;
        this.events.emit('change', 'done');
      }
    });
    if (plain) this.queued = result;
    return result;
  }

  private async look(options: LookOptions): Promise<Reconciled> {
    const head = await this.repository.head(this.settings.branch);
    if (head === undefined && this.current !== undefined) {
      const where = `${this.settings.branch} is gone from ${this.settings.repository}`;
      this.problem = `${where}: put it back (git reflog there shows where it was); what is in effect stays`;
      return { commit: this.current.world.commit, changed: false, ok: false, lines: [this.problem] };
    }
    if (head === undefined) {
      const lines = [`no commit yet on ${this.settings.branch}: push one`];
      return { commit: undefined, changed: false, ok: true, lines };
    }
    if (options.retryBuilds === true) {
      for (const { artifact, state } of this.builds.states()) {
        if (state === 'failed') await this.builds.retry(artifact.id);
      }
    }
    const asked = options.adopt !== undefined || options.repair === true || options.again === true;
    const { report } = this;
    if (
      this.current?.world.commit === head &&
      report?.outcome === 'applied' &&
      !asked &&
      options.retryBuilds !== true
    ) {
      this.refused = false;
      this.problem = problemOf(report);
      this.rebuildLost(this.current);
      const summary = this.memory.record(head)?.summary;
      const lines =
        summary === undefined
          ? [`${head.slice(0, 9)} is in effect already`]
          : appliedLines(head, report, this.current.world, summary, this.problem);
      return { commit: head, changed: false, ok: true, ...withoutOf(report), lines };
    }
    const started = performance.now();
    await this.memory.note(head, this.memory.record(head) === undefined ? { via: 'found' } : {});
    const planned = await this.planner.ofCommit(head);
    const { preview, composed } = this.planner.judge(planned, this.base());
    this.refused = !preview.ok;
    if (preview.ok) {
      this.warnings = preview.diagnostics.length;
      await this.memory.note(head, { checkedAt: new Date().toISOString(), failed: undefined });
      return this.put(head, planned, composed, options, started);
    }
    const refusal = await this.refuse(head, preview);
    // What is in effect goes on: an apply that broke off is finished, an image that was built is taken.
    const inEffect = this.memory.inEffect()?.commit;
    if (inEffect !== undefined && (asked || report?.outcome !== 'applied')) {
      const was = await this.planner.ofCommit(inEffect);
      await this.put(inEffect, was, this.planner.compose(was, this.base()).composed, options, started);
      this.problem = refusal.lines[0];
    } else if (this.current !== undefined) this.rebuildLost(this.current);
    return refusal;
  }

  /** Somebody removed what nodes boot: whatever the plan still wants of it is built again, though nothing was pushed. */
  private rebuildLost({ world, sets }: InService): void {
    if (lostImages(sets, (id) => this.builds.present(id)).length === 0) return;
    this.planner.artifactsChanged();
    const commit = world.commit ?? '';
    this.builds.want(world.artifacts, commit, (path) => this.repository.readFile(commit, path));
  }

  private async refuse(head: string, preview: Preview): Promise<Reconciled> {
    const errors = preview.diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
    const lines = renderDiagnostics(errors, { most: 24 });
    this.problem = `${head.slice(0, 9)} cannot be applied: ${lines[0] ?? 'it has errors'}`;
    await this.memory.note(head, { failed: this.problem });
    return { commit: head, changed: false, ok: false, lines: [this.problem, ...lines.slice(1)] };
  }

  private async put(
    commit: string,
    planned: Planned,
    composed: Composed,
    options: LookOptions,
    started: number,
  ): Promise<Reconciled> {
    const { world } = composed;
    const before = this.memory.inEffect()?.commit;
    const keeps = keepsOf(world);
    const without = [...world.waiting.values()]
      .filter((waiting) => waiting.keeps === undefined)
      .map(({ node }) => node);
    for (const kept of Object.keys(keeps)) await this.repository.keep(kept);
    await this.memory.keepGenerations(world.generations.values(), this.generationsInUse(world));
    this.generations = this.memory.generations();
    await this.tellAnswering();
    const repair = options.repair === true ? await this.applier.verify(world) : [];
    const report = await this.applier.apply(world, {
      stamp: this.stamp,
      adopt: new Set(options.adopt ?? []),
      repair,
      onStep: this.settings.onStep,
      onLive: this.settings.onLive,
      // All that the answers point at is in place. A restart before this goes on from the sets of before.
      flip: async () => {
        await this.memory.setInEffect({ commit, stamp: this.stamp, keeps, without });
        const { current } = this;
        // A repair of the same sets does not make them those of before.
        const moved = current !== undefined && (current.world.commit !== commit || current.world.waiting.size > 0);
        if (moved) this.before = current.sets;
        this.current = { ...composed, view: planned.plan.view, images: planned.plan.images };
        this.holding.inEffect(composed.held);
        await this.tellAnswering();
      },
    });
    this.report = report;
    this.generationCounts = await this.applier.generations();
    this.planner.forget();
    if (report.outcome === 'applied') await this.releaseKept(keeps);
    await purgeHolds(this.applier.roots.values());
    await this.life.planned(planned.plan.images, planned.plan.view);
    this.builds.want(world.artifacts, commit, (path) => this.repository.readFile(commit, path));
    if (report.outcome === 'applied') await this.imageCommands.settle();
    const milliseconds = Math.round(performance.now() - started);
    const written = report.changed.filter(({ what }) => what === 'written').length;
    const summary = { written, removed: report.changed.length - written, milliseconds };
    this.problem = problemOf(report);
    const applied = report.outcome === 'applied';
    // Since when it is in effect, and what that took, is told as long as it stays so: not what a restart or a repair did.
    const stays = before === commit && this.memory.record(commit)?.appliedAt !== undefined;
    const at = new Date().toISOString();
    if (!stays) {
      const first = { appliedAt: applied ? at : undefined, summary, again: undefined };
      await this.memory.note(commit, { ...first, failed: this.problem });
    } else await this.memory.note(commit, { ...(applied ? { again: { at, ...summary } } : {}), failed: this.problem });
    const lines = [...this.notices.splice(0), ...appliedLines(commit, report, world, summary, this.problem)];
    return { commit, changed: true, ok: applied, ...withoutOf(report), lines };
  }

  buildImage = (name: string) => this.imageCommands.buildImage(name);
  stopBuilds = (name: string, by: string) => this.imageCommands.stopBuilds(name, by);
  forgetImage = (name: string) => this.imageCommands.forgetImage(name);
  images: Engine['images'] = (options) => this.imageCommands.images(options);
  imageRepositories: Engine['imageRepositories'] = (name, options) =>
    this.imageCommands.imageRepositories(name, options);
  pruneImages: Engine['pruneImages'] = (options) => this.imageCommands.pruneImages(options);

  /** Generations that nodes have now: those of the world in effect, and those that waiting nodes keep, however long. */
  private generationsInUse(world: World): Set<string> {
    const inUse = new Set(this.current?.world.generations.keys());
    for (const node of world.waiting.keys()) {
      const answer = world.answers.get(node);
      if (answer?.kind === 'answer') inUse.add(answer.generation);
    }
    return inUse;
  }

  /** Commits whose sets no node keeps any more may be collected by git again. */
  private async releaseKept(keeps: InEffect['keeps']): Promise<void> {
    const kept = Object.keys(keeps).sort().join();
    if (kept === this.keptCommits) return;
    this.keptCommits = kept;
    for (const commit of await this.repository.kept()) if (!(commit in keeps)) await this.repository.release(commit);
  }

  async received(commit: string, pusher: string, via: 'http' | 'ssh' | 'file'): Promise<void> {
    await this.memory.note(commit, { pusher, via, receivedAt: new Date().toISOString() });
  }

  booted(node: string, commit: string, generation?: string): void {
    const set = [this.current?.sets.get(node), this.before.get(node)].find((it) => it?.commit === commit);
    const booted = generation ?? (set?.answer.kind === 'answer' ? set.answer.generation : undefined);
    if (booted !== undefined) this.life.booted(node, booted, (id) => this.generations.has(id));
    if (set === undefined) return;
    this.holding.booted(node, set, set === this.current?.sets.get(node));
  }

  asked(node: string, generation: string): void {
    this.life.asked(node, generation);
  }

  bootsWritten(): Promise<void> {
    return this.holding.written();
  }

  get bootsProblem(): string | undefined {
    return this.holding.problem;
  }

  onBootsProblem(listener: (problem: string | undefined) => void): () => void {
    this.events.on('boots', listener);
    return () => this.events.off('boots', listener);
  }

  release(nodes: Iterable<string>): Promise<readonly string[]> {
    return this.holding.release(nodes);
  }

  async status(): Promise<Status> {
    const head = await this.repository.head(this.settings.branch);
    const lost = lostImages(this.current?.sets ?? new Map(), (id) => this.builds.present(id));
    const kind = (id: string) => this.life.records.artifact(id)?.kind;
    const [first, ...more] = lost.map((one) => lostText(one, kind, (id) => this.builds.failure(id) !== undefined));
    const lostProblem = more.length === 0 ? first : `${first} (and ${more.length} more images)`;
    return statusOf({
      head,
      lost: lost.some((one) => stopsBoots(one, kind)),
      world: this.current?.world,
      record: head === undefined ? undefined : this.memory.record(head),
      report: this.report,
      problem: this.problem ?? lostProblem,
      busy: this.busy,
      refused: this.refused,
      builds: this.builds.states(),
      warnings: this.warnings,
      held: this.current?.held ?? [],
      asked: this.life.records.asked,
    });
  }

  async history(limit: number): ReturnType<Engine['history']> {
    const head = await this.repository.head(this.settings.branch);
    if (head === undefined) return [];
    const commits = await this.repository.history(limit, this.settings.branch);
    return commits.map((commit) => ({ ...commit, record: this.memory.record(commit.oid) }));
  }

  verify(): Promise<readonly Drift[]> {
    return this.serial.run(async () => {
      const { current } = this;
      if (current === undefined) return [];
      const drift = [...(await this.applier.verify(current.world))];
      for (const { hooks } of this.loaded) {
        if (hooks.verify !== undefined) drift.push(...(await hooks.verify(current.view, this.probe)));
      }
      return drift;
    });
  }

  answerFor(address: string, generation?: string, only?: NodeCommand): AnswerText {
    return answerForAddress(this.current?.world, this.generations, address, generation, only);
  }

  answer(node: string, generation?: string): AnswerText {
    return answerForNode(this.current?.world, this.generations, node, generation);
  }

  get answering(): Answering {
    return { world: this.current?.world, generations: this.generations };
  }

  onAnswering(listener: (answering: Answering) => Promise<void>): () => void {
    this.answeringListeners.add(listener);
    return () => this.answeringListeners.delete(listener);
  }

  private async tellAnswering(): Promise<void> {
    await Promise.all([...this.answeringListeners].map((listener) => listener(this.answering)));
  }

  on(event: 'change' | 'build', listener: (line: string) => void): () => void {
    this.events.on(event, listener);
    return () => this.events.off(event, listener);
  }

  async close(): Promise<void> {
    this.closing = true;
    this.holding.stop();
    await this.questions.close();
    await this.builds.close();
    await this.serial.idle();
    await this.applier.close();
    try {
      await this.holding.close();
    } finally {
      await this.store.close();
      await this.repository.close();
    }
  }
}
