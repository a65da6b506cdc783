/** Reads git objects by id: over one long-lived `git cat-file --batch`, and with a cache for commits, trees and small blobs. */
import type { ChildProcess } from 'node:child_process';
import { GitError, startGit } from './git.ts';
import { type GitObject, isObjectId, type ObjectType } from './object-format.ts';

/** Where objects come from. */
export interface ObjectSource {
  /** The objects in the order asked; undefined for one that is not there. Throws where reading itself fails. */
  read(oids: readonly string[]): Promise<(GitObject | undefined)[]>;
}

/** A source that holds a process or a connection. */
export interface ClosableObjectSource extends ObjectSource {
  close(): Promise<void>;
}

interface Batch {
  readonly results: (GitObject | undefined)[];
  left: number;
  readonly resolve: (results: (GitObject | undefined)[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Request {
  readonly oid: string;
  readonly batch: Batch;
  readonly index: number;
  tries: number;
}

/** A request may outlive this many deaths of the process before it fails. */
const TRIES = 3;

/**
 * Objects of the repository in `gitDir`, read through one `git cat-file --batch` that starts with the first read and is
 * started again when it dies. Requests are pipelined. Packs made meanwhile (gc, pushes) are seen: git looks again
 * before it says that an object is missing.
 *
 * `environment` replaces the environment of the process: a hook gives its own, so that quarantined objects are seen.
 */
export function catFile(
  gitDir: string,
  options: { readonly environment?: Readonly<Record<string, string>> } = {},
): ClosableObjectSource & { readonly pid: number | undefined } {
  let child: ChildProcess | undefined;
  let waiting: Request[] = [];
  let closed = false;

  const args = ['--git-dir', gitDir, 'cat-file', '--batch'];

  function start(): ChildProcess {
    const started = startGit(args, { environment: options.environment });
    let said = '';
    const reply = new ReplyReader((object) => {
      const request = waiting.shift();
      if (request === undefined) throw new Error('an answer that nobody asked for');
      request.batch.results[request.index] = object;
      request.batch.left -= 1;
      if (request.batch.left === 0) request.batch.resolve(request.batch.results);
    });
    let gone = false;
    const end = (why: string) => {
      if (gone) return;
      gone = true;
      if (child === started) child = undefined;
      const left = waiting;
      waiting = [];
      const again: Request[] = [];
      for (const request of left) {
        request.tries += 1;
        if (closed || request.tries >= TRIES) request.batch.reject(new GitError(args, why, undefined, said));
        else again.push(request);
      }
      if (again.length > 0) send(again);
    };
    started.stdout?.on('data', (chunk: Buffer) => {
      if (gone) return;
      try {
        reply.take(chunk);
      } catch (error) {
        said = error instanceof Error ? error.message : String(error);
        started.kill('SIGKILL');
      }
    });
    started.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-2000);
    });
    started.stdin?.on('error', () => {});
    started.on('error', (error) => end(`it could not be started (${error.message})`));
    started.on('close', (code, signal) => end(code === null ? `killed by ${signal}` : `exit code ${code}`));
    return started;
  }

  function send(requests: readonly Request[]): void {
    child ??= start();
    for (const request of requests) waiting.push(request);
    child.stdin?.write(`${requests.map((request) => request.oid).join('\n')}\n`);
  }

  return {
    get pid() {
      return child?.pid;
    },
    read(oids) {
      if (closed) return Promise.reject(new Error('the repository is closed'));
      if (oids.length === 0) return Promise.resolve([]);
      const wrong = oids.find((oid) => !isObjectId(oid));
      if (wrong !== undefined) return Promise.reject(new Error(`not an object id: '${wrong}'`));
      return new Promise((resolve, reject) => {
        const batch: Batch = { results: new Array(oids.length), left: oids.length, resolve, reject };
        // In slices: spreading a very long array into `push` would overflow the stack.
        for (let from = 0; from < oids.length; from += 10_000)
          send(oids.slice(from, from + 10_000).map((oid, index) => ({ oid, batch, index: from + index, tries: 0 })));
      });
    },
    close() {
      closed = true;
      const running = child;
      if (running === undefined) return Promise.resolve();
      return new Promise((resolve) => {
        running.once('close', () => resolve());
        running.stdin?.end();
        setTimeout(() => running.kill('SIGKILL'), 2000).unref();
      });
    },
  };
}

/** Takes `cat-file --batch` output in pieces as they come, and gives whole objects. */
class ReplyReader {
  readonly #give: (object: GitObject | undefined) => void;
  #header = '';
  #type: ObjectType = 'blob';
  #data: Buffer | undefined;
  #filled = 0;

  constructor(give: (object: GitObject | undefined) => void) {
    this.#give = give;
  }

  take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#data === undefined) {
        const end = chunk.indexOf(0x0a, at);
        if (end < 0) {
          this.#header += chunk.toString('latin1', at);
          return;
        }
        const header = this.#header + chunk.toString('latin1', at, end);
        this.#header = '';
        at = end + 1;
        const match = /^[0-9a-f]{40} (blob|tree|commit|tag) (\d+)$/.exec(header);
        if (match !== null) {
          this.#type = match[1] as ObjectType;
          // One byte more than the object: cat-file ends each with a line feed.
          this.#data = Buffer.allocUnsafe(Number(match[2]) + 1);
          this.#filled = 0;
        } else if (header.endsWith(' missing')) this.#give(undefined);
        else throw new Error(`unexpected answer: ${header.slice(0, 200)}`);
      } else {
        const taken = chunk.copy(this.#data, this.#filled, at);
        at += taken;
        this.#filled += taken;
        if (this.#filled < this.#data.length) return;
        const data = this.#data.subarray(0, this.#data.length - 1);
        this.#data = undefined;
        this.#give({ type: this.#type, data });
      }
    }
  }
}

/** What the cache keeps at most, and the largest object that it keeps. */
const CACHE_BYTES = 32 * 1024 * 1024;
const CACHED_BLOB = 4 * 1024;

/** A source that remembers commits, trees and small blobs, least recently used out first. Ids name content, so nothing goes stale. */
export function cachedObjects(source: ObjectSource, limit = CACHE_BYTES): ObjectSource {
  const kept = new Map<string, GitObject>();
  let bytes = 0;

  function keep(oid: string, object: GitObject): void {
    const size = object.data.length;
    if (kept.has(oid) || size > limit / 4 || (object.type === 'blob' && size > CACHED_BLOB)) return;
    kept.set(oid, object);
    bytes += size;
    for (const [oldest, old] of kept) {
      if (bytes <= limit) break;
      kept.delete(oldest);
      bytes -= old.data.length;
    }
  }

  return {
    async read(oids) {
      const results = oids.map((oid) => {
        const object = kept.get(oid);
        if (object !== undefined) {
          kept.delete(oid);
          kept.set(oid, object);
        }
        return object;
      });
      const missing = [...new Set(oids.filter((_, index) => results[index] === undefined))];
      if (missing.length === 0) return results;
      const read = await source.read(missing);
      const found = new Map<string, GitObject>();
      missing.forEach((oid, index) => {
        const object = read[index];
        if (object === undefined) return;
        found.set(oid, object);
        keep(oid, object);
      });
      return results.map((object, index) => object ?? found.get(oids[index] ?? ''));
    },
  };
}

/** Asks the first source, and the second for what the first does not have: the repository, then a push in quarantine. */
export function firstOf(first: ObjectSource, second: ObjectSource): ObjectSource {
  return {
    async read(oids) {
      const results = await first.read(oids);
      const missing = oids.filter((_, index) => results[index] === undefined);
      if (missing.length === 0) return results;
      const rest = await second.read(missing);
      let next = 0;
      return results.map((object) => object ?? rest[next++]);
    },
  };
}
