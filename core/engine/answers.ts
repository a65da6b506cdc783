/** What a node is told, from the world in effect: synchronous, in memory, the only thing that request handlers call. */
import { answerText, isPlainAnswer, refusalText } from '../plan/answer.ts';
import type { Generation, NodeAnswer, RefusedAnswer, WholeAnswer } from '../plan/world.ts';
import type { NodeCommand } from '../policy/rows.ts';
import type { Answering, AnswerText } from './types.ts';

const nothingYet = 'the server has applied no commit yet: ask again in a moment';

function refused(status: 403 | 404 | 409 | 503, said: string): AnswerText {
  // What was asked for is in it, and whoever asks may send what a terminal or a log would act on.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through.
  const reason = said.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
  return { kind: 'refusal', status, reason, text: refusalText(reason) };
}

/** The answer of the one node that has an address; none or two is a refusal that names the address (DESIGN 8). */
export function answerForAddress(
  world: Answering['world'],
  older: ReadonlyMap<string, Generation>,
  address: string,
  generation: string | undefined,
  only?: NodeCommand,
): AnswerText {
  if (world === undefined) return refused(503, nothingYet);
  const nodes = world.addresses.get(address);
  const [node, other] = nodes ?? [];
  if (node === undefined) return refused(404, `no node has the address ${address}: look at tables/hosts.csv`);
  if (other !== undefined)
    return refused(404, `address ${address} belongs to ${nodes?.join(' and ')}: give each its own`);
  return answerForNode(world, older, node, generation, { address, only });
}

/**
 * A node's answer: litefile list of the generation that it booted with (its newest where it names none), trees and state
 * mount of the newest commit applied for it. `older`: generations that running nodes may still name. `asked`: the address
 * where it is not the node's first, and the one part that is asked for where it is not the whole (the policy may tell them apart).
 */
export function answerForNode(
  world: Answering['world'],
  older: ReadonlyMap<string, Generation>,
  node: string,
  generation: string | undefined,
  asked: { readonly address?: string; readonly only?: NodeCommand } = {},
): AnswerText {
  if (world === undefined) return refused(503, nothingYet);
  const planned = world.answers.get(node);
  if (planned === undefined) return refused(404, `there is no node '${node}' in tables/nodelist.csv`);
  const answer = toldTo(planned, asked);
  if (answer.kind === 'refusal') return refused(403, answer.reason);
  const wanted = generation ?? answer.generation;
  const frozen = world.generations.get(wanted) ?? older.get(wanted);
  if (frozen === undefined) {
    return refused(
      409,
      `generation ${wanted.slice(0, 64)} is not known here: boot ${node} again, so that it takes ${answer.generation}`,
    );
  }
  const text = answerText(node, answer, frozen);
  const plain = isPlainAnswer(node, answer, frozen);
  return { kind: 'answer', node, text, plain, commit: answer.commit, generation: frozen.id, options: frozen.options };
}

function toldTo(
  planned: NodeAnswer,
  { address, only }: { readonly address?: string; readonly only?: NodeCommand },
): WholeAnswer | RefusedAnswer {
  const told = (address === undefined ? undefined : planned.except?.get(address)) ?? planned;
  return told.kind === 'refusal' && told.allowed !== undefined && told.allowed.command === only
    ? told.allowed.answer
    : told;
}
