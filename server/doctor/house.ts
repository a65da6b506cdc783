/** Whom doctor asks what is planned: the server that runs on a directory, one elsewhere, or what a server that is down left behind. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
import type { Engine } from '../../core/engine/types.ts';
import { nodeBootFacts } from '../admin/boot.ts';
import { bootReport, nodeReport } from '../admin/reports.ts';
import * as schemas from '../admin/schemas.ts';
import { Failure } from '../command/failure.ts';
import type { NodeReports } from '../reports/reports.ts';
import { wholeResponse } from '../running/whole-response.ts';
import { type NodeBootFacts, nodeBoot } from './facts.ts';

export type NodeSaid = z.output<typeof schemas.nodeReport>;

export interface House {
  /** Its files are on this machine's disk. */
  readonly here: boolean;
  /** Why the server of its directory was not asked; undefined: it answers. */
  readonly down: Down | undefined;
  /** The nodes of a noderange, and names in it that are neither a node nor a group. Throws a Failure for one that can't be read. */
  expand(noderange: string): Promise<{ readonly nodes: readonly string[]; readonly missed: readonly string[] }>;
  /** Undefined: there is no such node. */
  boot(node: string): Promise<NodeBootFacts | undefined>;
  /** What the node is told, and the HTTP status of it. */
  answer(node: string, generation: string | undefined): Promise<{ readonly status: number; readonly text: string }>;
  report(node: string): Promise<NodeSaid | undefined>;
  /** What main names, and what is in effect. */
  status(): Promise<HouseStatus>;
}

/** `hangs`: there is a process of it, which a person should know before anything else. */
export interface Down {
  readonly hangs: boolean;
  readonly what: string;
  readonly mend: string;
}

export type HouseStatus = Pick<z.output<typeof schemas.status>, 'head' | 'applied' | 'state' | 'problem'>;

type ReadEngine = Pick<Engine, 'world' | 'view' | 'settings' | 'answer'> & { status(): Promise<HouseStatus> };

/** No more of the status than is looked at: the rest may grow. */
const houseStatus = z.object(schemas.status.pick({ head: true, applied: true, state: true, problem: true }).shape);

/** A running server. `token`: for a bearer header. */
export function houseAt(url: string, token: string | undefined, here: boolean): House {
  const ask = async (path: string): Promise<{ status: number; text: string }> => {
    const { status, text } = await fetchText(url, path, token);
    if (status === 401 || (status === 403 && !text.startsWith('litehouse\t'))) {
      throw new Failure({
        what: `the server says: ${text.trim()}`,
        mend: 'give a token of scope read: --token-file FILE or LITEHOUSE_TOKEN',
      });
    }
    return { status, text };
  };
  const json = async <T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> => {
    const { status, text } = await ask(path);
    if (status === 404 && /^\{"error":"no node /.test(text)) return undefined;
    const parsed = status === 200 ? schema.safeParse(parseJson(text)) : undefined;
    if (parsed?.success === true) return parsed.data;
    const said = z.object({ error: z.string() }).safeParse(parseJson(text));
    throw new Failure({
      what: `the server at ${url} says: ${said.success ? said.data.error : `status ${status} to ${path}`}`,
      mend: said.success ? 'change what is asked for' : 'is it a litehouse of this version?',
    });
  };
  const of = (node: string): string => encodeURIComponent(node);
  return {
    ...{ here, down: undefined },
    async expand(noderange) {
      const report = await json(`/reports?nodes=${of(noderange)}`, schemas.reports);
      return { nodes: report?.nodes.map(({ node }) => node) ?? [], missed: report?.missed ?? [] };
    },
    boot: (node) => json(`/nodes/${of(node)}/boot`, nodeBoot),
    answer: (node, generation) =>
      ask(`/nodes/${of(node)}/answer${generation === undefined ? '' : `?generation=${of(generation)}`}`),
    report: (node) => json(`/reports/${of(node)}`, schemas.nodeReport),
    status: async () => (await json('/status', houseStatus)) ?? { state: 'no commit yet' },
  };
}

const notRunning: Down = {
  hangs: false,
  what: 'no server runs here',
  mend: 'litehouse serve (or systemctl start litehouse)',
};

/** Where no server answers: what is in effect, read from its directory. */
export function houseOf(engine: ReadEngine, reports: Pick<NodeReports, 'of' | 'log'>, down = notRunning): House {
  return {
    ...{ here: true, down },
    async expand(noderange) {
      const report = bootReport({ engine, reports }, noderange);
      if ('wrong' in report) throw new Failure({ what: report.wrong, mend: 'see: litehouse noderange --help' });
      return { nodes: report.nodes.map(({ node }) => node), missed: report.missed };
    },
    boot: async (node) => nodeBootFacts({ engine }, node),
    answer: async (node, generation) => {
      const answer = engine.answer(node, generation);
      return { status: answer.kind === 'answer' ? 200 : answer.status, text: answer.text };
    },
    report: async (node) => {
      const report = nodeReport({ engine, reports }, node);
      return report === undefined ? undefined : schemas.nodeReport.parse(JSON.parse(JSON.stringify(report)));
    },
    status: () => engine.status(),
  };
}

/** A server that takes a connection and then says nothing must not hold anybody up. */
const answerMilliseconds = 30_000;
/** Longer than it plans a large cluster, which it does not interrupt for a question. */
const signMilliseconds = 10_000;

/** Why a server gives no sign of life; undefined: it does. */
export async function whySilent(url: string): Promise<string | undefined> {
  try {
    await fetchText(url, '/health', undefined, signMilliseconds);
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error.why;
    throw error;
  }
}

function fetchText(
  url: string,
  path: string,
  token: string | undefined,
  patience = answerMilliseconds,
): Promise<{ readonly status: number; readonly text: string }> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  const outgoing = request(url + path, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    agent: false,
    timeout: patience,
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${patience / 1000} s`)));
  return wholeResponse(outgoing, undefined).catch((error: Error) => {
    throw new Failure({
      what: `the server at ${url} does not answer`,
      why: error.message,
      mend: 'see that it runs, and that --server or LITEHOUSE_SERVER names its admin listener',
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
