/** A server on another machine: where it is, the token for it, asking it, and reading its repository through git. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { GitError, git, gitEnvironment } from '../../core/repo/git.ts';
import type { CommandContext } from '../command/context.ts';
import { Failure } from '../command/failure.ts';
import { wholeResponse } from './whole-response.ts';

export interface Remote {
  /** Of the admin listener, without a slash at its end. */
  readonly url: string;
  readonly token: string | undefined;
}

export interface RemoteOptions {
  readonly server?: string;
  readonly tokenFile?: string;
}

/** The server that options or environment name; undefined where neither does. */
export async function findRemote(context: CommandContext, options: RemoteOptions): Promise<Remote | undefined> {
  const url = options.server ?? (context.env.LITEHOUSE_SERVER || undefined);
  if (url === undefined) return undefined;
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
    throw new Failure({ what: `'${url}' is no URL of a server`, mend: 'write --server http://HOST:3080' });
  return { url: url.replace(/\/+$/, ''), token: await tokenOf(context, options) };
}

async function tokenOf(context: CommandContext, { tokenFile }: RemoteOptions): Promise<string | undefined> {
  if (tokenFile === undefined) return context.env.LITEHOUSE_TOKEN?.trim() || undefined;
  const text = await readFile(resolve(context.cwd, tokenFile), 'utf8').catch((error: Error) => {
    throw new Failure({
      what: 'the token cannot be read',
      why: error.message,
      mend: 'name its file: --token-file FILE',
    });
  });
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new Failure({
      what: `${tokenFile} holds no token`,
      mend: 'put the token alone into it: litehouse token add NAME prints one',
    });
  return token;
}

/** The server elsewhere that is meant: `--server`, or that of the environment where no `--dir` is nearer. */
export async function meantRemote(
  context: CommandContext,
  options: RemoteOptions & { readonly dir?: string },
): Promise<Remote | undefined> {
  return options.dir === undefined || options.server !== undefined ? findRemote(context, options) : undefined;
}

/**
 * Posts JSON, or gets where the body is undefined, and gives what `parse` makes of the answer; `refusedAs`: a status that says no
 * in the same form. `token`: what kind of one is needed. Throws a Failure with what the server said otherwise.
 */
export async function askRemote<T>(
  remote: Remote,
  path: string,
  body: unknown,
  answer: { parse(json: unknown): T | undefined; readonly refusedAs?: number; readonly token: string },
): Promise<T> {
  const { status, text } = await exchangeJson(remote, path, body);
  const json = parseJson(text);
  const outcome = status === 200 || status === answer.refusedAs ? answer.parse(json) : undefined;
  if (outcome !== undefined) return outcome;
  const said = z.object({ error: z.string(), mend: z.string().optional() }).safeParse(json);
  throw new Failure({
    what: `the server says: ${said.success ? said.data.error : text.trim().slice(0, 500) || `status ${status}`}`,
    mend: said.data?.mend ?? mendOfStatus(status, said.success, answer.token),
    // What is asked about is not there.
    ...(status === 404 && said.success ? { status: 1 as const } : {}),
  });
}

/** Gets JSON of a route that a token to read opens. Its shape is this version's, as with the server of this machine. */
export function readRemote(remote: Remote, path: string): Promise<unknown> {
  return askRemote(remote, path, undefined, { parse: (json) => json, token: 'a token' });
}

function mendOfStatus(status: number, ours: boolean, token: string): string {
  if (status === 401 || status === 403) return `give ${token}: --token-file FILE or LITEHOUSE_TOKEN`;
  // A litehouse says what is wrong as JSON; whatever else answers there is none.
  if (!ours) return 'see that --server names the admin listener of a litehouse, and look at its log';
  return status < 500
    ? 'change what is asked for; --help shows how it is written'
    : "look at the server's log for more";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Sends JSON, or nothing, and gives status and text of the answer. Waits as long as an apply takes. */
function exchangeJson(
  { url, token }: Remote,
  path: string,
  body: unknown,
): Promise<{ readonly status: number; readonly text: string }> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  const answered = wholeResponse(
    request(url + path, {
      method: text === undefined ? 'GET' : 'POST',
      headers: {
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      agent: false,
    }),
    text,
  );
  return answered.catch((error: Error) => {
    throw new Failure({
      what: `the server at ${url} does not answer`,
      why: error.message,
      mend: 'see that it runs, and that --server or LITEHOUSE_SERVER names its admin listener',
    });
  });
}

/** A bare copy of the server's repository in a temporary directory: of one branch its newest commit only, else all of it. */
export async function cloneRemote(
  { url, token }: Remote,
  branch: string | undefined,
): Promise<{ readonly place: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'litehouse-read-'));
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  const place = join(dir, 'config.git');
  const newest = branch === undefined ? [] : ['--depth=1', '--single-branch', `--branch=${branch}`];
  // In the environment: arguments can be seen by everybody on this machine.
  const header = { GIT_CONFIG_COUNT: '2', GIT_CONFIG_KEY_1: 'http.extraHeader' };
  const extra = token === undefined ? {} : { ...header, GIT_CONFIG_VALUE_1: `Authorization: Bearer ${token}` };
  try {
    await git(['clone', '--quiet', '--bare', ...newest, `${url}/config.git`, place], {
      environment: gitEnvironment(extra),
    });
  } catch (error) {
    await remove();
    // git only knows that it cannot ask for a name; the server says what is wrong with the token.
    if (error instanceof GitError && /prompts disabled|Authentication failed/.test(error.output))
      await readRemote({ url, token }, '/openapi.json');
    throw new Failure({
      what: `the configuration of ${url} cannot be read`,
      why: error instanceof GitError ? error.output : String(error),
      mend: 'see that the server runs there, and give a token: --token-file FILE or LITEHOUSE_TOKEN',
    });
  }
  return { place, remove };
}
