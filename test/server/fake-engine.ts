/** An engine that answers from what a test gives it, and remembers what it was asked. */
import type { AnswerText, Engine, Reconciled, Status } from '../../core/engine/types.ts';

export interface FakeEngine extends Engine {
  /** Calls that change something, in order. */
  readonly calls: (readonly [name: string, ...args: unknown[]])[];
}

export const quietStatus: Status = {
  head: undefined,
  applied: undefined,
  record: undefined,
  state: 'no commit yet',
  problem: undefined,
  nodes: 0,
  waiting: [],
  builds: [],
  external: [],
  blocked: [],
  needsRoot: 0,
  skippedReloads: [],
  warnings: 0,
  held: [],
  live: [],
  asked: [],
};

/** A refusal as the engine words it. */
export function refusal(status: 403 | 404 | 409 | 503, reason: string): AnswerText {
  return { kind: 'refusal', status, reason, text: `# litehouse refusal\n${reason}\n` };
}

export function fakeEngine(parts: Partial<Engine> = {}): FakeEngine {
  const calls: [string, ...unknown[]][] = [];
  const done: Reconciled = { commit: undefined, changed: false, ok: true, lines: ['nothing to do'] };
  return {
    calls,
    settings: {
      repository: '/nowhere/config.git',
      state: '/nowhere/state',
      branch: 'main',
      target: 'mn',
      roots: [{ name: 'tftp', dir: '/nowhere/tftp', rank: 3, holdSeconds: 0 }],
      images: 'external',
      reloads: false,
    },
    world: undefined,
    view: undefined,
    judge: () => Promise.reject(new Error('this engine judges nothing')),
    reconcile: async (reason, options) => {
      calls.push(['reconcile', reason, options]);
      return done;
    },
    received: async (...args) => {
      calls.push(['received', ...args]);
    },
    booted: (...args) => {
      calls.push(['booted', ...args]);
    },
    asked: (...args) => {
      calls.push(['asked', ...args]);
    },
    bootsWritten: async () => {},
    bootsProblem: undefined,
    onBootsProblem: () => () => {},
    release: async (nodes) => {
      const names = [...nodes];
      calls.push(['release', names]);
      return names;
    },
    buildImage: async (name) => {
      calls.push(['buildImage', name]);
      return { ok: true, lines: [] };
    },
    stopBuilds: async (name, by) => {
      calls.push(['stopBuilds', name, by]);
      return { ok: true, lines: [] };
    },
    forgetImage: async (name) => {
      calls.push(['forgetImage', name]);
      return true;
    },
    images: async () => [],
    imageRepositories: async (name, options) => {
      calls.push(['imageRepositories', name, options]);
      return { ok: true, lines: [], repositories: [], packages: undefined };
    },
    pruneImages: async (options) => {
      calls.push(['pruneImages', options]);
      return { dryRun: options?.dryRun === true, removed: [], kept: [] };
    },
    status: async () => quietStatus,
    history: async () => [],
    verify: async () => [],
    answer: () => refusal(503, 'not ready'),
    answerFor: () => refusal(503, 'not ready'),
    answering: { world: undefined, generations: new Map() },
    onAnswering: () => () => {},
    on: () => () => {},
    close: async () => {},
    ...parts,
  };
}
