/** git beside a test, as a named author: the server that it talks to may live in the test's own process, so nothing here blocks. */
import { spawn } from 'node:child_process';

export interface GitResult {
  readonly status: number | null;
  /** Standard output and error, as they came. */
  readonly out: string;
}

export function gitAs(author: string, cwd: string, ...args: string[]): Promise<GitResult> {
  return new Promise((resolve) => {
    const who = ['-c', `user.name=${author}`, '-c', `user.email=${author.toLowerCase()}@example.com`];
    const child = spawn('git', [...who, ...args], { cwd, env: { ...process.env, GIT_TERMINAL_PROMPT: '0' } });
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        out += chunk.toString('utf8');
      });
    child.on('close', (status) => resolve({ status, out }));
  });
}
