/** For tests: a repository with hooks, a server on a free port, and the real git client. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HttpBindings, serve } from '@hono/node-server';
import { build } from 'esbuild';
import { Hono } from 'hono';
import { createRepository } from '../../core/repo/create.ts';
import { git } from '../../core/repo/git.ts';
import { Repository } from '../../core/repo/repository.ts';
import { installHooks } from './install-hooks.ts';
import { type GateOptions, type PushJudge, pushGate } from './push-gate.ts';
import { type ListenOptions, listenForPushes, type PushHandlers } from './push-listener.ts';
import { type GitRoutesOptions, gitRoutes } from './smart-http.ts';

export interface Said {
  readonly code: number | null;
  readonly output: string;
}

/** One test's surroundings; `end` takes everything away. */
export interface Lab {
  readonly dir: string;
  readonly repositoryDir: string;
  readonly socketPath: string;
  readonly repository: Repository;
  /** Runs the git client as a person would; `env` adds to a clean environment. */
  git(args: readonly string[], options?: ClientOptions): Promise<Said>;
  /** Starts it, for tests that kill it. */
  start(args: readonly string[], options?: ClientOptions): { readonly pid: number; readonly done: Promise<Said> };
  listen(handlers: PushHandlers, options?: Partial<ListenOptions>): Promise<{ close(): Promise<void> }>;
  gate(judge: Partial<PushJudge>, options?: Partial<GateOptions>): Promise<{ close(): Promise<void> }>;
  http(options?: Partial<GitRoutesOptions>): Promise<string>;
  /** A clone with an identity, at `name`. */
  clone(from: string, name: string): Promise<string>;
  commit(clone: string, files: Readonly<Record<string, string | Buffer>>, message?: string): Promise<string>;
  onEnd(what: () => Promise<unknown> | unknown): void;
  end(): Promise<void>;
}

export interface ClientOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The program and arguments in front of git, to run it as somebody else. */
  readonly as?: readonly string[];
}

export const START = 'litehouse serve --dir /srv/litehouse';

let compiled: string | undefined;

/** hook.ts as git will run it: plain JavaScript. */
async function compileHook(dir: string): Promise<string> {
  compiled ??= (
    await build({
      entryPoints: [fileURLToPath(new URL('./hook.ts', import.meta.url))],
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      write: false,
    })
  ).outputFiles[0]?.text;
  const place = join(dir, 'hook.mjs');
  await writeFile(place, compiled ?? '');
  return place;
}

export async function makeLab(
  template: Readonly<Record<string, string>> = { 'tables/site.csv': '#key,value\n' },
): Promise<Lab> {
  const dir = await mkdtemp(join(tmpdir(), 'lh-git-'));
  const ends: (() => Promise<unknown> | unknown)[] = [];
  const home = join(dir, 'home');
  await mkdir(home);
  await writeFile(
    join(home, '.gitconfig'),
    '[user]\nname = Ann\nemail = ann@site\n[safe]\ndirectory = *\n[init]\ndefaultBranch = main\n',
  );
  await writeFiles(join(dir, 'template'), template);
  const repositoryDir = join(dir, 'config.git');
  await createRepository(repositoryDir, join(dir, 'template'), {
    author: { name: 'litehouse', email: 'litehouse@site' },
  });
  const socketPath = join(dir, 'push.sock');
  await installHooks(repositoryDir, {
    hookProgram: await compileHook(dir),
    node: process.execPath,
    socket: socketPath,
    startCommand: START,
  });
  const repository = await Repository.open(repositoryDir);

  const lab: Lab = {
    dir,
    repositoryDir,
    socketPath,
    repository,
    start(args, options = {}) {
      const [program = 'git', ...rest] = [...(options.as ?? []), 'git', ...args];
      const child = spawn(program, rest, {
        cwd: options.cwd ?? dir,
        env: { PATH: process.env.PATH, HOME: home, LC_ALL: 'C.UTF-8', GIT_TERMINAL_PROMPT: '0', ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const done = new Promise<Said>((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code) => resolve({ code, output }));
      });
      return { pid: child.pid ?? 0, done };
    },
    git: (args, options) => lab.start(args, options).done,
    async listen(handlers, options = {}) {
      const listener = await listenForPushes({ socketPath, ...options }, handlers);
      ends.push(() => listener.close());
      return listener;
    },
    gate(judge, options = {}) {
      const whole: PushJudge = {
        judgeMain: async () => ({ accept: true, lines: ['plan: fine'] }),
        judgeBranch: async ({ branch }) => ({ lines: [`branch ${branch}: fine`] }),
        applied: async (oid, print) => print(`applied ${oid.slice(0, 12)}`),
        ...judge,
      };
      return lab.listen(pushGate({ repository, judge: whole, ...options }));
    },
    http(options = {}) {
      const app = new Hono<{ Bindings: HttpBindings }>();
      app.route('/', gitRoutes({ repositoryDir, authorize: () => ({ pusher: 'web-ann' }), ...options }));
      return new Promise((resolve) => {
        const server = serve(
          { fetch: app.fetch, port: 0, hostname: '127.0.0.1', serverOptions: { requestTimeout: 0 } },
          (address: AddressInfo) => resolve(`http://127.0.0.1:${address.port}/config.git`),
        );
        ends.push(() => {
          if ('closeAllConnections' in server) server.closeAllConnections();
          return new Promise((done) => server.close(done));
        });
      });
    },
    async clone(from, name) {
      const place = join(dir, name);
      const said = await lab.git(['clone', '-q', from, place]);
      if (said.code !== 0) throw new Error(said.output);
      return place;
    },
    async commit(clone, files, message = 'a change') {
      await writeFiles(clone, files);
      await lab.git(['add', '-A'], { cwd: clone });
      const said = await lab.git(['commit', '-q', '-m', message], { cwd: clone });
      if (said.code !== 0) throw new Error(said.output);
      return (await git(['rev-parse', 'HEAD'], { cwd: clone })).stdout.toString().trim();
    },
    onEnd: (what) => ends.push(what),
    async end() {
      for (const what of ends.reverse()) await what();
      await repository.close();
      await rm(dir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  return lab;
}

async function writeFiles(dir: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const place = join(dir, path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, content);
  }
}
