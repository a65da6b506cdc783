/** Clone, fetch and push over HTTP for any git client: each request is streamed through `git upload-pack` or `git receive-pack`. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { gitEnvironment } from '../../core/repo/git.ts';

type GitContext = Context<{ Bindings: HttpBindings }>;

export interface GitRoutesOptions {
  readonly repositoryDir: string;
  /** The name in the URL. */
  readonly name?: string;
  /** Says who asks, or answers the refusal itself (401 with `WWW-Authenticate: Basic` makes git ask for a password). */
  authorize(
    c: GitContext,
    access: 'read' | 'push',
  ): Promise<{ readonly pusher: string } | Response> | { readonly pusher: string } | Response;
  /** More environment for git, for instance limits. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A transfer without a byte for so long is ended (milliseconds). */
  readonly silence?: number;
  readonly log?: (line: string) => void;
}

/** How long git has to clean up after a pack that broke off (milliseconds). */
const BREAK_OFF = 5000;

type Service = 'upload-pack' | 'receive-pack';

/**
 * The routes of one repository, to be mounted where its URL starts: `app.route('/', gitRoutes(…))` gives `/config.git`.
 * The node server below must have `requestTimeout: 0` (its 300 seconds would cut a slow push), and no middleware that
 * compresses, limits or buffers bodies may stand before these routes.
 */
export function gitRoutes(options: GitRoutesOptions): Hono<{ Bindings: HttpBindings }> {
  const { name = 'config.git' } = options;
  const app = new Hono<{ Bindings: HttpBindings }>();

  app.get(`/${name}/info/refs`, async (c) => {
    const service = serviceOf(c.req.query('service'));
    if (service === undefined)
      return c.text('This repository is served to git 1.6.6 and later: use git clone, git fetch, git push.\n', 403);
    const who = await options.authorize(c, accessOf(service));
    if (who instanceof Response) return who;
    const announced = `# service=git-${service}\n`;
    // A packet line with the service, then the packet that ends the list: the frame that git expects before the refs.
    const start = isVersion2(c, service)
      ? ''
      : `${(announced.length + 4).toString(16).padStart(4, '0')}${announced}0000`;
    await run(c, options, service, ['--http-backend-info-refs'], who.pusher, `git-${service}-advertisement`, start);
    return RESPONSE_ALREADY_SENT;
  });

  for (const service of ['upload-pack', 'receive-pack'] as const)
    app.post(`/${name}/git-${service}`, async (c) => {
      const wanted = `application/x-git-${service}-request`;
      if (c.req.header('content-type') !== wanted)
        return c.text(`Only git asks here, with content type ${wanted}.\n`, 415);
      const encoding = c.req.header('content-encoding') ?? 'identity';
      if (!['identity', 'gzip', 'x-gzip'].includes(encoding))
        return c.text(`Content encoding ${encoding} is not known.\n`, 415);
      const who = await options.authorize(c, accessOf(service));
      if (who instanceof Response) return who;
      await run(c, options, service, [], who.pusher, `git-${service}-result`, '');
      return RESPONSE_ALREADY_SENT;
    });

  const lost = (c: GitContext) => {
    const url = new URL(c.req.url);
    return c.text(`There is nothing here. The repository is cloned with:\n  git clone ${url.origin}/${name}\n`, 404);
  };
  app.all(`/${name}`, lost);
  app.all(`/${name}/*`, lost);
  return app;
}

function serviceOf(text: string | undefined): Service | undefined {
  return text === 'git-upload-pack' || text === 'git-receive-pack' ? (text.slice(4) as Service) : undefined;
}

function accessOf(service: Service): 'read' | 'push' {
  return service === 'receive-pack' ? 'push' : 'read';
}

/** Version 2 starts without that frame. */
function isVersion2(c: GitContext, service: Service): boolean {
  return service === 'upload-pack' && /(^|:)version=2(:|$)/.test(c.req.header('git-protocol') ?? '');
}

/** Runs the service on the request's body, and sends what it says as it comes. Resolves when git has ended. */
function run(
  c: GitContext,
  options: GitRoutesOptions,
  service: Service,
  args: readonly string[],
  pusher: string,
  type: string,
  start: string,
): Promise<void> {
  const { incoming, outgoing } = c.env as { incoming: IncomingMessage; outgoing: ServerResponse };
  // A process group of its own: when the client goes, the hooks that git started go with it.
  const child = spawn('git', [service, '--stateless-rpc', ...args, options.repositoryDir], {
    env: environmentOf(c, options, pusher),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2000);
  });

  const body = incoming.headers['content-encoding']?.includes('gzip') === true ? createGunzip() : undefined;
  const input = body === undefined ? incoming : incoming.pipe(body);
  const breakOff = () => {
    child.stdout.unpipe(outgoing);
    child.stdout.resume();
    // Half a pack: at its end git cleans up by itself. All of it: git may wait for its hook, and has to be killed
    // (what it leaves in quarantine is collected by `Repository.tidy`).
    input.unpipe(child.stdin);
    child.stdin.end();
    endGroup(child, incoming.complete ? 0 : BREAK_OFF);
  };
  body?.on('error', breakOff);
  incoming.on('error', breakOff);
  input.pipe(child.stdin);
  // git may have read enough (a push that is too large, say): the rest is thrown away, so that the client reads the answer.
  const discard = () => {
    input.unpipe(child.stdin);
    input.resume();
  };
  child.stdin.on('error', discard);

  outgoing.setTimeout(options.silence ?? 600_000, () => outgoing.destroy());
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) breakOff();
  });

  const head = () => {
    if (outgoing.headersSent) return;
    outgoing.writeHead(200, {
      'content-type': `application/x-${type}`,
      'cache-control': 'no-cache, max-age=0, must-revalidate',
    });
    if (start !== '') outgoing.write(start);
  };
  child.stdout.once('data', head);
  child.stdout.pipe(outgoing, { end: false });

  return new Promise((resolve) => {
    const finish = (ended: string | undefined) => {
      discard();
      // Before a large push the client sends an empty one, to see whether it may: git has nothing to say to that.
      if (ended === undefined) head();
      if (ended !== undefined) options.log?.(`git ${service}: ${ended}${said === '' ? '' : `: ${said.trim()}`}`);
      if (!outgoing.headersSent && !outgoing.destroyed) {
        outgoing.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
        outgoing.end(`git ${service} failed on the server: ${ended}\n`);
      } else outgoing.end();
      resolve();
    };
    child.on('error', (error) => finish(`could not be started (${error.message})`));
    child.on('close', (code, signal) => {
      finish(code === 0 ? undefined : code === null ? `killed by ${signal}` : `exit code ${code}`);
    });
  });
}

function environmentOf(c: GitContext, options: GitRoutesOptions, pusher: string): Record<string, string> {
  const named = pusher.replace(/[^\p{L}\p{N} ._@+-]/gu, '').trim() || 'unknown';
  const protocol = c.req.header('git-protocol') ?? '';
  return gitEnvironment({
    ...options.environment,
    LITEHOUSE_PUSHER: named,
    LITEHOUSE_VIA: 'http',
    // The reflog then says who moved the branch.
    GIT_COMMITTER_NAME: named,
    GIT_COMMITTER_EMAIL: `${named.replaceAll(' ', '.')}@http`,
    ...(/^[a-z0-9=:.-]{1,200}$/.test(protocol) ? { GIT_PROTOCOL: protocol } : {}),
  });
}

/** Ends git and all that it started, after `grace` milliseconds: first asked, then forced. */
function endGroup(child: ChildProcess, grace: number): void {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const send = (signal: NodeJS.Signals) => {
    try {
      process.kill(-pid, signal);
    } catch {
      // All of it has ended.
    }
  };
  const asked = setTimeout(() => send('SIGTERM'), grace);
  const forced = setTimeout(() => send('SIGKILL'), grace + 5000);
  child.once('close', () => {
    clearTimeout(asked);
    clearTimeout(forced);
  });
}
