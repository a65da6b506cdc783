/**
 * A copy of what nodes are answered from, in a form that crosses to another thread at little cost: ten thousand answers are a
 * table of numbers, and each text that they share is sent once.
 */
import type { Answering } from '../../core/engine/types.ts';
import type { Generation, NodeAnswer, RefusedAnswer, WholeAnswer } from '../../core/plan/world.ts';
import { nodeCommands } from '../../core/policy/rows.ts';

/** What changed since the last time. */
export interface AnsweringChanges {
  /** Undefined: the world is the one sent before. */
  readonly world: WorldCopy | undefined;
  readonly put: readonly Generation[];
  readonly drop: readonly string[];
}

interface WorldCopy {
  /** Each text once; numbers below are places in it. */
  readonly texts: readonly string[];
  readonly nodes: readonly string[];
  /** `width` numbers an answer: those of the nodes in their order, then what these refer to. */
  readonly rows: Int32Array;
  /** Answers at addresses that the policy table tells apart: node, address, row. */
  readonly except: Int32Array;
  readonly addresses: readonly string[];
  /** For each address the one node that has it, or `several`. */
  readonly holders: Int32Array;
  readonly severally: ReadonlyMap<string, readonly string[]>;
}

const width = 6;
const several = -1;
/** First number of a row; a refusal that allows one command is `refusal` and the number of that command from 1. */
const whole = 0;
const refusal = 1;

/** Tells a copy in another thread what it lacks. One for each copy: it remembers what it sent. */
export class AnsweringSource {
  private sent: Answering['world'];
  private readonly known = new Map<string, Generation>();

  /** What to send, and the buffers in it that may be handed over instead of copied. */
  changes(answering: Answering): { readonly changes: AnsweringChanges; readonly transfer: ArrayBuffer[] } {
    const { world } = answering;
    const generations = new Map([...answering.generations, ...(world?.generations ?? [])]);
    const put: Generation[] = [];
    for (const [id, generation] of generations) {
      if (sameGeneration(this.known.get(id), generation)) continue;
      this.known.set(id, generation);
      put.push(generation);
    }
    const drop = [...this.known.keys()].filter((id) => !generations.has(id));
    for (const id of drop) this.known.delete(id);
    // A world never changes, and never goes away once there is one.
    const fresh = world === undefined || world === this.sent ? undefined : copyOf(world);
    this.sent = world;
    const transfer = fresh === undefined ? [] : [fresh.rows.buffer, fresh.except.buffer, fresh.holders.buffer];
    return { changes: { world: fresh, put, drop }, transfer: transfer as ArrayBuffer[] };
  }
}

function sameGeneration(a: Generation | undefined, b: Generation): boolean {
  if (a === undefined || a.image !== b.image || a.litefile !== b.litefile || a.lines !== b.lines) return false;
  return a.options?.length === b.options?.length && (a.options ?? []).every((option, i) => option === b.options?.[i]);
}

function copyOf(world: NonNullable<Answering['world']>): WorldCopy {
  const texts: string[] = [];
  const places = new Map<string, number>();
  const place = (text: string): number => {
    let at = places.get(text);
    if (at === undefined) {
      at = texts.push(text) - 1;
      places.set(text, at);
    }
    return at;
  };
  const nodes = [...world.answers.keys()];
  const rows: number[] = new Array(nodes.length * width);
  const put = (row: number, answer: WholeAnswer | RefusedAnswer): void => {
    const at = row * width;
    if (answer.kind === 'answer') {
      rows[at] = whole;
      rows[at + 1] = place(answer.commit);
      rows[at + 2] = place(answer.generation);
      rows[at + 3] = place(answer.body);
      rows[at + 4] = answer.lines;
      rows[at + 5] = 0;
      return;
    }
    const { allowed } = answer;
    rows[at] = allowed === undefined ? refusal : refusal + 1 + nodeCommands.indexOf(allowed.command);
    rows[at + 1] = place(answer.commit);
    rows[at + 2] = place(answer.reason);
    rows[at + 3] = 0;
    rows[at + 4] = 0;
    rows[at + 5] = allowed === undefined ? 0 : append(allowed.answer);
  };
  const append = (answer: WholeAnswer | RefusedAnswer): number => {
    const row = rows.length / width;
    for (let i = 0; i < width; i++) rows.push(0);
    put(row, answer);
    return row;
  };
  const numbers = new Map<string, number>();
  const except: number[] = [];
  let number = 0;
  for (const [node, answer] of world.answers) {
    put(number, answer);
    for (const [address, other] of answer.except ?? []) except.push(number, place(address), append(other));
    numbers.set(node, number++);
  }
  const addresses = [...world.addresses.keys()];
  const holders = new Int32Array(addresses.length);
  const severally = new Map<string, readonly string[]>();
  let i = 0;
  for (const [address, names] of world.addresses) {
    const holder = names.length === 1 ? numbers.get(names[0] ?? '') : undefined;
    holders[i++] = holder ?? several;
    if (holder === undefined) severally.set(address, names);
  }
  return { texts, nodes, rows: Int32Array.from(rows), except: Int32Array.from(except), addresses, holders, severally };
}

/** The copy: what `answerForAddress` needs, and nothing else. It changes between two requests, never within one. */
export class AnsweringCopy implements Answering {
  world: Answering['world'];
  readonly generations = new Map<string, Generation>();

  take({ world, put, drop }: AnsweringChanges): void {
    for (const generation of put) this.generations.set(generation.id, generation);
    for (const id of drop) this.generations.delete(id);
    if (world !== undefined) this.world = { ...readCopy(world), generations: this.generations };
  }
}

function readCopy(copy: WorldCopy): Pick<NonNullable<Answering['world']>, 'answers' | 'addresses'> {
  const { texts, nodes, rows, addresses } = copy;
  const text = (at: number): string => texts[at] ?? '';
  const read = (row: number): WholeAnswer | RefusedAnswer => {
    const [kind = 0, commit = 0, second = 0, body = 0, lines = 0, other = 0] = rows.subarray(row * width);
    if (kind === whole)
      return { kind: 'answer', commit: text(commit), generation: text(second), body: text(body), lines };
    const refused: RefusedAnswer = { kind: 'refusal', commit: text(commit), reason: text(second) };
    const command = nodeCommands[kind - refusal - 1];
    const answer = command === undefined ? undefined : read(other);
    return command === undefined || answer?.kind !== 'answer' ? refused : { ...refused, allowed: { command, answer } };
  };
  const answers = new Map<string, NodeAnswer>(nodes.map((node, i) => [node, read(i)]));
  const except = new Map<string, Map<string, WholeAnswer | RefusedAnswer>>();
  for (let i = 0; i < copy.except.length; i += 3) {
    const [number = 0, address = 0, row = 0] = copy.except.subarray(i);
    const node = nodes[number] ?? '';
    const of = except.get(node) ?? new Map();
    except.set(node, of.set(text(address), read(row)));
  }
  for (const [node, of] of except) {
    const answer = answers.get(node);
    if (answer !== undefined) answers.set(node, { ...answer, except: of });
  }
  const byAddress = new Map<string, readonly string[]>(copy.severally);
  addresses.forEach((address, i) => {
    const holder = nodes[copy.holders[i] ?? several];
    if (holder !== undefined) byAddress.set(address, [holder]);
  });
  return { answers, addresses: byAddress };
}
