/** Edits made by commands: a commit on top of the branch, through the same checks, plan and turn as a push. */
import { z } from 'zod';
import { editBusy, editNotBuilt } from '../core/diagnostic/catalogue/edit.ts';
import type { Diagnostic } from '../core/diagnostic/diagnostic.ts';
import { computeEdit, type EditCommand } from '../core/edit/edit.ts';
import { subjectOf } from '../core/edit/subject.ts';
import { effectLine } from '../core/engine/applied.ts';
import { heldLines } from '../core/engine/held-text.ts';
import { whyNotBuilt } from '../core/engine/not-built.ts';
import type { Engine, Preview, Reconciled } from '../core/engine/types.ts';
import { addedFaults, isFault } from '../core/image/findings.ts';
import { overlaySnapshot } from '../core/import/overlay.ts';
import { diagnosticToJson, diffToJson } from '../core/plan/json.ts';
import type { ImagesMode } from '../core/plan/make-plan.ts';
import { renderDiagnostics, renderDiff } from '../core/plan/render.ts';
import type { Repository } from '../core/repo/repository.ts';
import { moveBranch, writeCommit } from '../core/repo/write-commit.ts';
import { buildView, type ViewBase } from '../core/resolve/build-view.ts';
import type { View } from '../core/resolve/view.ts';
import { TableCache } from '../core/tables/load.ts';
import type { Turns } from './git/turns.ts';
import { foldWarnings } from './push-judge.ts';

const cells = z.record(z.string(), z.string());
const person = z.string().max(200);

/** An edit as it comes over HTTP. */
export const editRequest = z.strictObject({
  command: z.discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('chtab'),
        // Without a key every row would be meant.
        key: cells.refine((key) => Object.keys(key).length > 0, 'no key: which row is meant?'),
        set: z.record(z.string(), cells),
        remove: z.array(z.string()).default([]),
      })
      .refine(({ set, remove }) => remove.length > 0 || Object.keys(set).length > 0, 'nothing to change'),
    z.strictObject({ kind: z.literal('nodeset'), noderange: z.string(), state: z.string() }),
    z.strictObject({
      kind: z.literal('tabedit'),
      table: z.string().regex(/^[\w-]+$/),
      base: z.string().optional(),
      text: z.string(),
    }),
    z.strictObject({ kind: z.literal('file'), path: z.string().max(1000), text: z.string().optional() }),
  ]),
  author: z.strictObject({ name: person, email: person }).optional(),
  message: z.string().max(10_000).optional(),
  dryRun: z.boolean().default(false),
  build: z
    .string()
    .max(200)
    .optional()
    .describe(
      'The image that is built of it: refuse an edit after which it would not be, or that keeps another from being built; else those are warnings, as with a push',
    ),
});
export type EditRequest = Omit<z.infer<typeof editRequest>, 'command'> & { readonly command: EditCommand };

/** Who asks, as history shows it. */
export interface EditCaller {
  readonly name: string;
  readonly via: 'http' | 'file';
}

/** What became of an edit. Plain JSON: commands print it, remote or not. */
export const editOutcome = z.object({
  outcome: z
    .enum(['applied', 'not in effect', 'planned', 'unchanged', 'refused'])
    .describe('not in effect: the commit is made, and its apply failed'),
  commit: z.string().optional(),
  lines: z.array(z.string()).describe('For people, as a pusher reads them'),
  diagnostics: z.array(z.record(z.string(), z.unknown())),
  diff: z.record(z.string(), z.unknown()).optional(),
});
export type EditOutcome = z.infer<typeof editOutcome>;

export interface EditParts {
  readonly engine: Pick<Engine, 'settings' | 'view' | 'judge' | 'received' | 'reconcile'>;
  readonly repository: Repository;
  /** The turns of pushes: while an edit is made no push is judged, so neither makes the other fail. */
  readonly turns?: Turns;
  readonly log?: (what: string, facts: { readonly commit?: string; readonly by: string }) => void;
  /** Hears what became of an edit that was made. */
  readonly onApplied?: (result: Reconciled, by: string) => void;
}

/** How often an edit is computed anew because the branch moved (somebody moves it past the server). */
const tries = 5;
/** How long an edit waits for pushes under way, in milliseconds. */
const patience = 120_000;
const width = 100;

export type ApplyEdit = (request: EditRequest, caller: EditCaller) => Promise<EditOutcome>;

/** Makes the function that edits a repository under an engine. */
export function openEdits(parts: EditParts): ApplyEdit {
  const { engine, repository, turns } = parts;
  const base: ViewBase = { tableCache: new TableCache(), extraSchemas: [] };
  const { branch } = engine.settings;

  const viewOf = async (head: string): Promise<View> =>
    engine.view?.commit === head ? engine.view : buildView(await repository.snapshot(head), base);

  /** Makes the commit and moves the branch; undefined where the branch moved first. */
  async function attempt(request: EditRequest, caller: EditCaller): Promise<EditOutcome | undefined> {
    const head = await repository.head(branch);
    if (head === undefined) return refused([editBusy(undefined, { why: `${branch} has no commit yet` })]);
    const result = computeEdit(await viewOf(head), request.command);
    if (result.kind === 'refused') return refused(result.diagnostics);
    if (result.files.size === 0)
      return { outcome: 'unchanged', lines: ['it is so already: nothing was changed'], diagnostics: [] };
    const faultsOf = async ({ diagnostics, view }: Preview): Promise<readonly Diagnostic[]> => {
      if (request.build === undefined) return [];
      const external = notBuiltFault(view, request.build, engine.settings.images);
      if (external !== undefined) return [external];
      if (!diagnostics.some(isFault)) return [];
      const before = await engine.judge(await repository.snapshot(head));
      return asErrors(addedFaults(before.diagnostics, diagnostics));
    };
    if (request.dryRun) {
      const preview = await engine.judge(overlaySnapshot(await repository.snapshot(head), bytesOf(result.files)));
      if (!preview.ok) return refused(preview.diagnostics);
      const faults = await faultsOf(preview);
      if (faults.length > 0) return refused(faults);
      return {
        outcome: 'planned',
        lines: [
          // What is planned is no commit yet.
          ...planLines(preview).map((line) => line.replace(/^(plan .*)the working copy$/, '$1this edit')),
          'nothing was changed: you asked with --dry-run',
        ],
        ...facts(preview),
      };
    }
    const message = plain(request.message ?? '') || subjectOf(request.command);
    const author = request.author ?? { name: caller.name, email: '' };
    const commit = await writeCommit(repository, { parent: head, files: result.files, author, message });
    const preview = await engine.judge(await repository.snapshot(commit));
    if (!preview.ok) return refused(preview.diagnostics);
    const faults = await faultsOf(preview);
    if (faults.length > 0) return refused(faults);
    if (!(await moveBranch(repository, branch, head, commit, `litehouse ${request.command.kind} by ${caller.name}`)))
      return undefined;
    return { outcome: 'applied', commit, lines: planLines(preview), ...facts(preview) };
  }

  async function inTurn(request: EditRequest, caller: EditCaller): Promise<EditOutcome> {
    // A dry run moves nothing, and whoever may only read must not hold up those who push.
    const gate = request.dryRun ? undefined : turns;
    const turn = await gate?.take(patience, new AbortController().signal, () => {});
    if (gate !== undefined && turn === undefined)
      return refused([editBusy(undefined, { why: `a push is being checked, for ${patience / 1000} seconds now` })]);
    try {
      for (let k = 0; k < tries; k++) {
        const outcome = await attempt(request, caller);
        if (outcome !== undefined) return outcome;
      }
      return refused([editBusy(undefined, { why: `${branch} moved ${tries} times meanwhile` })]);
    } finally {
      turn?.release();
    }
  }

  return async (request, caller) => {
    const made = await inTurn(request, caller);
    const { commit } = made;
    const told = `${request.command.kind} ${made.outcome === 'applied' ? 'accepted' : made.outcome}`;
    parts.log?.(told, { commit: commit?.slice(0, 10), by: caller.name });
    if (commit === undefined) return made;
    await engine.received(commit, caller.name, caller.via);
    const result = await engine.reconcile(`${request.command.kind} by ${caller.name}`);
    const { ok, lines } = result;
    parts.onApplied?.(result, caller.name);
    const effect = effectLine(result, 'the commit is made');
    const more = effect === undefined ? [] : [effect];
    const undo = `undo, in a clone: git pull && git revert --no-edit ${commit.slice(0, 9)} && git push`;
    return {
      ...made,
      outcome: ok ? 'applied' : 'not in effect',
      lines: [...made.lines, ...lines, ...more, undo],
    };
  };
}

/** The files of an edit as a snapshot takes them; undefined: the file goes. */
export function bytesOf(files: ReadonlyMap<string, string | undefined>): Map<string, Buffer | undefined> {
  return new Map([...files].map(([path, text]) => [path, text === undefined ? undefined : Buffer.from(text)]));
}

/** A message without what a terminal would act on, and without NUL, which no commit can hold. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through.
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]+/g, ' ').trim();
}

/** Whoever asks for a build must not commit rows of an image that stays external. */
export function notBuiltFault(view: View, name: string, mode: ImagesMode): Diagnostic | undefined {
  const image = view.images.get(name);
  const not = image === undefined ? undefined : whyNotBuilt(view, image, mode);
  return not === undefined ? undefined : editNotBuilt(undefined, { image: name, ...not });
}

/** What a push is only warned of, as a refusal shows it. */
export function asErrors(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.map((one) => ({ ...one, severity: 'error' }));
}

function refused(diagnostics: readonly Diagnostic[]): EditOutcome {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  return {
    outcome: 'refused',
    lines: [...renderDiagnostics(errors, { most: 24, width }), 'nothing was changed'],
    diagnostics: diagnostics.map(diagnosticToJson),
  };
}

function planLines({ diagnostics, diff, held }: Preview): string[] {
  const plan = diff === undefined ? [] : renderDiff(diff, { width });
  return [...foldWarnings(diagnostics), ...plan, ...heldLines(held, { width })];
}

function facts({ diagnostics, diff }: Preview): Pick<EditOutcome, 'diagnostics' | 'diff'> {
  return {
    diagnostics: diagnostics.map(diagnosticToJson),
    ...(diff === undefined ? {} : { diff: diffToJson(diff) }),
  };
}
