/** The running server of a directory: the note that it leaves for commands, and asking it over HTTP. */

import { readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure } from '../command/failure.ts';
import type { Settings } from '../settings.ts';
import { type Holder, lockHolder } from './lock.ts';
import { wholeResponse } from './whole-response.ts';

const noteSchema = z.object({
  pid: z.int(),
  /** Where the admin listener is reached from this machine. */
  admin: z.string(),
  node: z.string(),
  started: z.string(),
  /** Secret of this run: lets commands of the same user in, wherever the admin listener is. */
  key: z.string(),
  /** It takes nothing new, and lets end what is under way. */
  stopping: z.literal(true).optional(),
});
export type ServerNote = z.infer<typeof noteSchema>;

/** Lock file of a server directory: one process at a time opens its engine. */
export function lockFile(settings: Pick<Settings, 'state'>): string {
  return join(settings.state, 'lock');
}

function noteFile(settings: Pick<Settings, 'state'>): string {
  return join(settings.state, 'server.json');
}

/** Leaves the note, readable by the server's own user only. */
export async function writeNote(settings: Pick<Settings, 'state'>, note: ServerNote): Promise<void> {
  const aside = `${noteFile(settings)}.${process.pid}`;
  await unlink(aside).catch(() => {});
  try {
    await writeFile(aside, `${JSON.stringify(note, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    await rename(aside, noteFile(settings));
  } catch (error) {
    await unlink(aside).catch(() => {});
    throw error;
  }
}

export async function removeNote(settings: Pick<Settings, 'state'>): Promise<void> {
  await unlink(noteFile(settings)).catch(() => {});
}

/** Who works on a server directory. A server answers as long as its note stands there; before and after it is on its way. */
export type Occupant =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'server'; readonly note: ServerNote }
  | { readonly kind: 'starting' | 'stopping' | 'command'; readonly holder: Holder };

/** Who works on this directory now (the note of a dead server does not count). Throws a Failure where the note may not be read. */
export async function occupantOf(settings: Pick<Settings, 'state'>): Promise<Occupant> {
  const holder = await lockHolder(lockFile(settings));
  if (holder === undefined) return { kind: 'nobody' };
  const note = await readNote(settings, holder);
  if (note !== undefined) return note.stopping ? { kind: 'stopping', holder } : { kind: 'server', note };
  return { kind: holder.doing === 'serve' ? 'starting' : 'command', holder };
}

/** The server that answers for this directory; undefined where none does. */
export async function findServer(settings: Pick<Settings, 'state'>): Promise<ServerNote | undefined> {
  const occupant = await occupantOf(settings);
  return occupant.kind === 'server' ? occupant.note : undefined;
}

async function readNote(settings: Pick<Settings, 'state'>, holder: Holder): Promise<ServerNote | undefined> {
  let text: string;
  try {
    text = await readFile(noteFile(settings), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Failure({
      what: `cannot ask the server that runs here (process ${holder.pid})`,
      why: (error as Error).message,
      mend: 'run this as the user that runs the server',
    });
  }
  const note = noteSchema.safeParse(safeJson(text));
  return note.success && note.data.pid === holder.pid ? note.data : undefined;
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Asks the running server; gives the parsed JSON. Throws a Failure with what the server said where it refuses. */
export async function askServer(server: ServerNote, path: string, body?: unknown): Promise<unknown> {
  let answer: { readonly status: number; readonly text: string };
  try {
    answer = await exchange(server, path, body === undefined ? undefined : JSON.stringify(body));
  } catch (error) {
    throw new Failure({
      what: `the server at ${server.admin} does not answer (process ${server.pid})`,
      why: (error as Error).message,
      mend: 'ask again in a moment, for it may just stop or start; if it stays so, look at its log',
    });
  }
  const { status, text } = answer;
  if (status < 200 || status > 299) {
    const said = z.object({ error: z.string(), mend: z.string().optional() }).safeParse(safeJson(text));
    throw new Failure({
      what: `the server says: ${said.success ? said.data.error : text.trim() || `status ${status}`}`,
      mend: said.data?.mend ?? 'look at its log for more',
      // What is asked about is not there.
      ...(status === 404 ? { status: 1 as const } : {}),
    });
  }
  return JSON.parse(text);
}

/** Not by fetch, which gives up after five minutes: an apply may take as long as it takes. */
function exchange(
  server: ServerNote,
  path: string,
  body: string | undefined,
): Promise<{ readonly status: number; readonly text: string }> {
  return wholeResponse(
    request(server.admin + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${server.key}`,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
      agent: false,
    }),
    body,
  );
}
