/**
 * The program that git runs as pre-receive and post-receive: it asks the server about the push, reads objects for it, prints what
 * it says. It runs as the pusher, in git's own environment, so it sees objects in quarantine that the server can't open.
 * It starts with every push: nothing but node's own modules and two small files of ours are loaded.
 */
import { execFile } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { isObjectId } from '../../core/repo/object-format.ts';
import { type ClosableObjectSource, catFile } from '../../core/repo/objects.ts';
import {
  type Frame,
  LARGEST_OBJECT,
  PROTOCOL_VERSION,
  type RefUpdate,
  readFrames,
  writeFrame,
} from './hook-protocol.ts';

const run = promisify(execFile);

/** git shows what a hook writes to stderr to the pusher, each line after `remote: `. */
function print(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Runs the hook; gives its exit code. */
export async function runHook(hook: 'pre-receive' | 'post-receive'): Promise<number> {
  const updates = readUpdates(await readAll(process.stdin));
  const settings = await readSettings();
  let socket: Socket;
  try {
    socket = await open(settings.socket);
  } catch (error) {
    return noServer(hook, settings.start, error as NodeJS.ErrnoException);
  }
  const orphaned = watchParent(socket);
  const objects = catFile(process.env.GIT_DIR ?? '.', { environment: inherited() });
  let verdict: boolean | undefined;
  try {
    await writeFrame(socket, {
      type: 'push',
      version: PROTOCOL_VERSION,
      hook,
      updates,
      options: readOptions(),
      ...readPusher(),
    });
    for await (const frame of readFrames(socket)) {
      verdict = await serve(socket, objects, frame);
      if (verdict !== undefined) break;
    }
  } catch (error) {
    print(`litehouse: ${error instanceof Error ? error.message : String(error)}`);
  }
  clearInterval(orphaned);
  socket.destroy();
  await objects.close();
  if (hook === 'post-receive') {
    if (verdict === undefined)
      print('litehouse stopped meanwhile: the push is accepted and will be applied when it starts');
    return 0;
  }
  if (verdict !== undefined) return verdict ? 0 : 1;
  print('litehouse stopped while it checked this push: nothing was changed.');
  print(`Start it, and push again: ${settings.start}`);
  return 1;
}

/** Answers one frame of the server. Gives the verdict where the frame is one. */
async function serve(socket: Socket, objects: ClosableObjectSource, { header }: Frame): Promise<boolean | undefined> {
  const id = typeof header.id === 'number' ? header.id : 0;
  switch (header.type) {
    case 'print':
      print(String(header.line));
      return undefined;
    case 'verdict':
      return header.accept === true;
    case 'read': {
      const oids = Array.isArray(header.oids) ? header.oids.map(String) : [];
      // One at a time: a push may hold many large files, and each is held in memory here.
      for (const oid of oids) {
        const [object] = await objects.read([oid]);
        if (object === undefined) await writeFrame(socket, { type: 'object', id });
        else if (object.data.length > LARGEST_OBJECT)
          await writeFrame(socket, { type: 'object', id, size: object.data.length });
        else await writeFrame(socket, { type: 'object', id, kind: object.type }, object.data);
      }
      return undefined;
    }
    case 'isAncestor':
      await writeFrame(socket, { type: 'ancestor', id, yes: await isAncestor(header.ancestor, header.descendant) });
      return undefined;
    default:
      throw new Error(`the server said '${String(header.type)}', which this hook does not know: restart the server`);
  }
}

async function isAncestor(ancestor: unknown, descendant: unknown): Promise<boolean> {
  if (typeof ancestor !== 'string' || typeof descendant !== 'string') return false;
  if (!isObjectId(ancestor) || !isObjectId(descendant)) return false;
  try {
    await run('git', ['merge-base', '--is-ancestor', ancestor, descendant]);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return false;
    throw error;
  }
}

/** Where the server listens and how it is started, from the repository's own configuration. */
async function readSettings(): Promise<{ socket: string; start: string }> {
  const settings = { socket: '', start: 'litehouse serve' };
  try {
    const { stdout } = await run('git', ['config', '--null', '--get-regexp', '^litehouse\\.(socket|start)$']);
    for (const pair of stdout.split('\0')) {
      const end = pair.indexOf('\n');
      if (pair.slice(0, end) === 'litehouse.socket') settings.socket = pair.slice(end + 1);
      if (pair.slice(0, end) === 'litehouse.start') settings.start = pair.slice(end + 1);
    }
  } catch {
    // Exit code 1: neither is set. The connection then fails, and says how to go on.
  }
  return settings;
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      // Later errors end the reading of frames.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

function noServer(hook: string, start: string, error: NodeJS.ErrnoException): number {
  if (hook === 'post-receive') {
    print('litehouse is not running: the push is accepted and will be applied when the server starts');
    return 0;
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    print('litehouse can not be asked: your account may not open its socket, so this push can not be checked.');
    print(
      'Nothing was changed. Push over HTTP, or ask the administrator to add you to the group that owns the socket.',
    );
  } else {
    print('litehouse is not running, so this push can not be checked: nothing was changed.');
    print(`Start it, and push again: ${start}`);
  }
  return 1;
}

/** When git is killed (the pusher went away) nobody waits for a verdict: hanging up tells the server so. */
function watchParent(socket: Socket): NodeJS.Timeout {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    socket.destroy();
    process.exit(1);
  }, 250);
  timer.unref();
  return timer;
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function readUpdates(text: string): RefUpdate[] {
  const updates: RefUpdate[] = [];
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{40}) ([0-9a-f]{40}) (.+)$/.exec(line);
    if (match !== null) updates.push({ old: match[1] ?? '', new: match[2] ?? '', ref: match[3] ?? '' });
  }
  return updates;
}

function readOptions(): string[] {
  const count = Number(process.env.GIT_PUSH_OPTION_COUNT ?? '0');
  const options: string[] = [];
  for (let index = 0; index < count; index++) options.push(process.env[`GIT_PUSH_OPTION_${index}`] ?? '');
  return options;
}

/** Who pushes: over HTTP the server has said so; else the account that runs git (a forced command may name a person). */
function readPusher(): { pusher: string; via: 'http' | 'ssh' | 'file' } {
  const named = process.env.LITEHOUSE_PUSHER;
  if (process.env.LITEHOUSE_VIA === 'http' && named !== undefined) return { pusher: named, via: 'http' };
  const via = process.env.SSH_CONNECTION === undefined ? 'file' : 'ssh';
  return { pusher: named ?? accountName(), via };
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}

function inherited(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] = value;
  return environment;
}

const asked = process.argv[2];
if (asked === 'pre-receive' || asked === 'post-receive') {
  // A pusher that went away: writing to it must not turn a verdict into a crash.
  process.stderr.on('error', () => {});
  runHook(asked).then(
    (code) => process.exit(code),
    (error: unknown) => {
      print(`litehouse: the hook failed: ${error instanceof Error ? error.message : String(error)}`);
      process.exit(asked === 'post-receive' ? 0 : 1);
    },
  );
}
