/** What a node is told at boot: one text, whole or provably not (DESIGN 8, RULES Answers). */
import type { Policy, Refusal } from '../policy/policy.ts';
import { nodeCommands } from '../policy/rows.ts';
import { litefileLines } from '../resolve/images.ts';
import type { Image, Mount, Node } from '../resolve/view.ts';
import { classicOption } from './classic.ts';
import type { Generation, NodeAnswer, RefusedAnswer, WholeAnswer } from './world.ts';

/** Version of the text's form; a node's program refuses another. */
export const answerVersion = 1;

/** Equal bodies of ten thousand nodes are kept once. */
export class Bodies {
  private readonly known = new Map<string, { body: string; lines: number }>();

  of(text: string): { body: string; lines: number } {
    let found = this.known.get(text);
    if (found === undefined) {
      found = { body: text, lines: countLines(text) };
      this.known.set(text, found);
    }
    return found;
  }
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

export function generationOf(image: Image): Generation {
  const litefile = litefileLines(image.litefile);
  const options = image.litefile.map(classicOption);
  return { id: image.build.generation, image: image.name, litefile, lines: image.litefile.length, options };
}

function mountFields(mount: Mount): string {
  return `${mount.address ?? '-'}\t${mount.path}${mount.options === undefined ? '' : `\t${mount.options}`}`;
}

/** The node's own part of its answer at a commit, or the reason why it gets none. `policy` undefined: every node may ask. */
export function answerOf(node: Node, commit: string, bodies: Bodies, policy?: Policy): NodeAnswer {
  const answer = madeAnswer(node, commit, bodies);
  if (policy === undefined || answer.kind === 'refusal') return answer;
  const [first, ...others] = node.addresses;
  const told = underPolicy(node, answer, policy, first);
  if (!policy.tellsApart(node)) return told;
  return { ...told, except: new Map(others.map((address) => [address, underPolicy(node, answer, policy, address)])) };
}

/** The answer where the policy table allows both of its parts, else the refusal that names the row. */
function underPolicy(
  node: Node,
  answer: WholeAnswer,
  policy: Policy,
  address: string | undefined,
): WholeAnswer | RefusedAnswer {
  const refusals = nodeCommands.map((command) => policy.refusal(node, command, address));
  const first = refusals.find((each) => each !== undefined);
  if (first === undefined) return answer;
  const allowed = nodeCommands.find((_, i) => refusals[i] === undefined);
  const reason = `${node.name} may not ask for ${refusalReason(refusals)}`;
  const refusal: RefusedAnswer = { kind: 'refusal', commit: answer.commit, reason };
  return allowed === undefined ? refusal : { ...refusal, allowed: { command: allowed, answer } };
}

function refusalReason(refusals: readonly (Refusal | undefined)[]): string {
  const parts = new Map<Refusal['why'], { readonly commands: string[]; readonly mend: string[] }>();
  nodeCommands.forEach((command, i) => {
    const refusal = refusals[i];
    if (refusal === undefined) return;
    const part = parts.get(refusal.why) ?? { commands: [], mend: [] };
    parts.set(refusal.why, part);
    part.commands.push(command);
    if (refusal.row === undefined) {
      const priority = command === 'litefile' ? '4.7' : '4.8';
      part.mend.push(`litehouse chtab priority=${priority} policy.commands=${command} policy.rule=allow`);
    }
  });
  return [...parts]
    .map(([why, { commands, mend }]) => `${commands.join(' and ')}: ${[why, ...mend].join('; ')}`)
    .join(', nor for ');
}

function madeAnswer(node: Node, commit: string, bodies: Bodies): WholeAnswer | RefusedAnswer {
  const refusal = (reason: string): RefusedAnswer => ({ kind: 'refusal', commit, reason });
  switch (node.state) {
    case undefined:
      return refusal(
        node.currstate === undefined
          ? `${node.name} has no boot state: chain.currstate is empty`
          : `${node.name}: chain.currstate '${node.currstate.text}' is no state (statelite, boot, shell, offline)`,
      );
    case 'offline':
      return refusal(`${node.name} is set offline in chain.currstate`);
    case 'boot':
      return refusal(`${node.name} boots from its local disk: chain.currstate is boot`);
  }
  const problem = node.problems[0];
  if (problem !== undefined || node.image === undefined) {
    const where = problem?.at === undefined ? '' : ` (${problem.at.file}:${problem.at.line})`;
    return refusal(`${node.name}: ${problem?.message ?? 'it has no image'}${where}`);
  }
  return { kind: 'answer', commit, generation: node.image.build.generation, ...bodyOf(node, bodies) };
}

/** A node that stands unchanged is the same object (core/resolve/reuse.ts), and so is its body. */
const known = new WeakMap<Node, { body: string; lines: number }>();

function bodyOf(node: Node, bodies: Bodies): { body: string; lines: number } {
  const before = known.get(node);
  if (before !== undefined) return before;
  let text = `state\t${node.state}\n`;
  if (node.statemnt !== undefined) text += `statemnt\t${mountFields(node.statemnt)}\n`;
  for (const tree of node.litetree) {
    // Absent trees are named so that the node's log shows where it did not look.
    if (!tree.present) text += `absent\t${tree.priority}\t${mountFields(tree)}\n`;
    else text += `tree\t${tree.priority}\t${tree.ours ? 'ours' : 'foreign'}\t${mountFields(tree)}\n`;
  }
  const body = bodies.of(text);
  known.set(node, body);
  return body;
}

/** The text that is sent: header, body and litefile list, and an end mark that counts the lines before it. */
export function answerText(node: string, answer: NodeAnswer & { kind: 'answer' }, generation: Generation): string {
  const lines = 5 + answer.lines + generation.lines;
  return (
    `litehouse\t${answerVersion}\nnode\t${node}\ncommit\t${answer.commit}\n` +
    `generation\t${generation.id}\nimage\t${generation.image}\n${answer.body}${generation.litefile}end\t${lines}\n`
  );
}

const ascii = /^[\0-\x7f]*$/;

/** The long part of an answer is the generation's: looked at once, not for each of ten thousand nodes. */
const plainGenerations = new WeakMap<Generation, boolean>();

/** Whether all of an answer's text is ASCII, so that it has as many bytes as characters. */
export function isPlainAnswer(node: string, answer: NodeAnswer & { kind: 'answer' }, generation: Generation): boolean {
  let plain = plainGenerations.get(generation);
  if (plain === undefined) {
    plain = ascii.test(generation.litefile) && ascii.test(generation.id) && ascii.test(generation.image);
    plainGenerations.set(generation, plain);
  }
  return plain && ascii.test(answer.body) && ascii.test(node) && ascii.test(answer.commit);
}

export function refusalText(reason: string): string {
  return `litehouse\t${answerVersion}\nrefusal\t${reason.replace(/[\t\n]/g, ' ')}\nend\t2\n`;
}
