/** What a node is told at boot: one text, whole or provably not (DESIGN 8, RULES Answers). */
import { litefileLines } from '../resolve/images.ts';
import type { Image, Mount, Node } from '../resolve/view.ts';
import type { Generation, NodeAnswer } from './world.ts';

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
  return { id: image.build.generation, image: image.name, litefile, lines: image.litefile.length };
}

function mountFields(mount: Mount): string {
  return `${mount.address ?? '-'}\t${mount.path}${mount.options === undefined ? '' : `\t${mount.options}`}`;
}

/** The node's own part of its answer at a commit, or the reason why it gets none. */
export function answerOf(node: Node, commit: string, bodies: Bodies): NodeAnswer {
  const refusal = (reason: string): NodeAnswer => ({ kind: 'refusal', commit, reason });
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

export function refusalText(reason: string): string {
  return `litehouse\t${answerVersion}\nrefusal\t${reason.replace(/[\t\n]/g, ' ')}\nend\t2\n`;
}
