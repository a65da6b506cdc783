/** Whole servers for tests: in this process, or as a child that can be killed; on free ports of loopback, in a temporary directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRepository } from '../../core/repo/create.ts';
import { openLog } from '../../server/log.ts';
import { type RunningServer, startServer } from '../../server/serve.ts';
import { readSettings } from '../../server/settings.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a test may want different. */
export interface HarnessOptions {
  /** A server directory that is there already; it then stays. Default: a temporary one, removed by `stop`. */
  readonly dir?: string;
  /** Keys of litehouse.json. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Files of the first commit, over those of the template. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Urls {
  readonly admin: string;
  readonly node: string;
  /** What git clones. */
  readonly clone: string;
}

export interface TestServer extends Urls {
  readonly dir: string;
  readonly server: RunningServer;
  /** Lines of the log so far. */
  readonly log: readonly string[];
  stop(): Promise<void>;
}

/** Starts a server in this process. Pushes need the compiled hook: `npm run build` (npm test does it). */
export async function startTestServer(options: HarnessOptions = {}): Promise<TestServer> {
  if (!existsSync(join(root, 'dist/server/git/hook.js'))) throw new Error('git runs the compiled hook: npm run build');
  const dir = await prepareDir(options);
  const log: string[] = [];
  const settings = await readSettings(dir, { node: '127.0.0.1:0', admin: '127.0.0.1:0', ...tftpFlag(options) });
  const server = await startServer(
    settings,
    openLog('text', (line) => log.push(line)),
  );
  return {
    ...urlsOf(server.urls),
    dir,
    server,
    log,
    async stop() {
      await server.stop();
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

export interface ServerProcess extends Urls {
  readonly dir: string;
  readonly child: ChildProcess;
  /** Everything on stdout and stderr so far. */
  output(): string;
  /** Sends a signal and waits for the end; gives the exit code, null where the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts a server as a process of its own from the sources; resolves when it is ready, rejects with its output where it ends before. */
export async function startServerProcess(options: HarnessOptions = {}): Promise<ServerProcess> {
  const dir = await prepareDir(options);
  const args = [
    'serve',
    '--dir',
    dir,
    '--node',
    '127.0.0.1:0',
    '--admin',
    '127.0.0.1:0',
    '--tftp',
    '127.0.0.1:0',
    '--log',
    'json',
  ];
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), join(root, 'server/main.ts'), ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ready = new Promise<{ admin: string; node: string }>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      const line = /^\{.*"what":"ready".*\}$/m.exec(output)?.[0];
      if (line !== undefined) resolve(JSON.parse(line) as { admin: string; node: string });
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    void ended.then((code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
  });
  // A server that hangs must not outlive its test, whose time is 180 s.
  const patience = setTimeout(() => child.kill('SIGKILL'), 150_000);
  const urls = urlsOf(await ready.finally(() => clearTimeout(patience)));
  return {
    ...urls,
    dir,
    child,
    output: () => output,
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

function urlsOf({ admin, node }: { readonly admin: string; readonly node: string }): Urls {
  return { admin, node, clone: `${admin}/config.git` };
}

/** Never the default port: two test files run at once. */
function tftpFlag({ settings }: HarnessOptions): { readonly tftp?: string } {
  return settings?.tftpListen === undefined ? { tftp: '127.0.0.1:0' } : {};
}

async function prepareDir(options: HarnessOptions): Promise<string> {
  const dir = options.dir ?? realpathSync(mkdtempSync(join(tmpdir(), 'litehouse-test-')));
  mkdirSync(dir, { recursive: true });
  if (options.settings !== undefined) writeFileSync(join(dir, 'litehouse.json'), JSON.stringify(options.settings));
  if (options.files !== undefined) {
    const template = join(dir, 'first-commit');
    cpSync(join(root, 'repo-template'), template, { recursive: true });
    for (const [path, text] of Object.entries(options.files)) {
      mkdirSync(dirname(join(template, path)), { recursive: true });
      writeFileSync(join(template, path), text);
    }
    await createRepository(join(dir, 'config.git'), template, { author: { name: 'test', email: 'test@localhost' } });
    await rm(template, { recursive: true });
  }
  return dir;
}

/** Asks as the node that has `address` (any of 127.0.0.0/8): what a booting node would read. */
export function askAs(address: string, url: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { localAddress: address, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
