/** The server's end of one hook connection: objects of a push in quarantine, read through the hook and verified. */
import type { Socket } from 'node:net';
import { type GitObject, isObjectId, type ObjectType, objectId } from '../../core/repo/object-format.ts';
import type { ObjectSource } from '../../core/repo/objects.ts';
import { type Frame, type FromServer, OBJECTS_A_FRAME, writeFrame } from './hook-protocol.ts';

interface Question {
  /** Takes an answer; true when it was the last one. */
  readonly take: (frame: Frame) => boolean;
  readonly fail: (error: Error) => void;
}

/** Objects held in memory for one answer to a reader: a plan reads tables and small files, never this much. */
const MOST_BYTES = 512 * 1024 * 1024;

/**
 * Asks the hook. Bytes that do not hash to the id that was asked for end the connection: a pusher could else put
 * contents of its choice into caches that outlive the push.
 */
export class Relay implements ObjectSource {
  readonly #socket: Socket;
  readonly #questions = new Map<number, Question>();
  #next = 1;
  #ended: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  async read(oids: readonly string[]): Promise<(GitObject | undefined)[]> {
    const results: (GitObject | undefined)[] = [];
    let bytes = 0;
    for (let from = 0; from < oids.length; from += OBJECTS_A_FRAME) {
      const part = oids.slice(from, from + OBJECTS_A_FRAME);
      for (const object of await this.#readPart(part)) {
        bytes += object?.data.length ?? 0;
        if (bytes > MOST_BYTES) throw new Error(`one question asked for more than ${MOST_BYTES} bytes of files`);
        results.push(object);
      }
    }
    return results;
  }

  /** Asks the pusher's git whether one commit lies before another. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    return this.#ask(
      (id) => ({ type: 'isAncestor', id, ancestor, descendant }),
      ({ header }, done) => {
        if (header.type !== 'ancestor') throw new Error('the hook answered something else');
        done(header.yes === true);
        return true;
      },
    );
  }

  /** Takes a frame from the hook. Throws where it answers nothing that was asked, or lies. */
  take(frame: Frame): void {
    const { id } = frame.header;
    const question = typeof id === 'number' ? this.#questions.get(id) : undefined;
    if (question === undefined) throw new Error('the hook answered what nobody asked');
    if (question.take(frame)) this.#questions.delete(id as number);
  }

  /** Fails all open and later questions. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const question of this.#questions.values()) question.fail(error);
    this.#questions.clear();
  }

  #readPart(oids: readonly string[]): Promise<(GitObject | undefined)[]> {
    const wrong = oids.find((oid) => !isObjectId(oid));
    if (wrong !== undefined) return Promise.reject(new Error(`not an object id: '${wrong}'`));
    const results: (GitObject | undefined)[] = [];
    return this.#ask(
      (id) => ({ type: 'read', id, oids }),
      (frame, done) => {
        results.push(verified(frame, oids[results.length] ?? ''));
        if (results.length < oids.length) return false;
        done(results);
        return true;
      },
    );
  }

  #ask<Answer>(
    question: (id: number) => FromServer,
    take: (frame: Frame, done: (answer: Answer) => void) => boolean,
  ): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { take: (frame) => take(frame, resolve), fail: reject });
      void writeFrame(this.#socket, question(id));
    });
  }
}

const TYPES: readonly unknown[] = ['blob', 'tree', 'commit', 'tag'] satisfies ObjectType[];

function verified({ header, body }: Frame, oid: string): GitObject | undefined {
  if (header.type !== 'object') throw new Error('the hook answered something else');
  if (header.kind === undefined) {
    if (typeof header.size === 'number')
      throw new Error(`object ${oid} has ${header.size} bytes: too large to be checked`);
    return undefined;
  }
  if (!TYPES.includes(header.kind)) throw new Error('the hook answered something else');
  const type = header.kind as ObjectType;
  if (objectId(type, body) !== oid) throw new Error(`the hook gave wrong bytes for object ${oid}`);
  return { type, data: body };
}
