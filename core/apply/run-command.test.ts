import { expect, test } from 'vitest';
import { CommandFailed, commandRunner } from './run-command.ts';

test('arguments reach the command as they are, without a shell', async () => {
  const { stdout } = await commandRunner()('printf', ['%s|', 'a b', '$HOME', ';true']);
  expect(stdout).toBe('a b|$HOME|;true|');
});

test('a bad exit rejects with the status, the last output and the command', async () => {
  const failed = commandRunner()('sh', ['-c', 'echo why >&2; exit 3']);
  await expect(failed).rejects.toThrow(/sh ended with status 3:\nwhy\ncommand: sh -c/);
  await expect(failed).rejects.toBeInstanceOf(CommandFailed);
});

test('a command that is not there says so', async () => {
  await expect(commandRunner()('no-such-command-here', [])).rejects.toThrow(/is not installed here/);
});

test('an abort ends the command', async () => {
  const controller = new AbortController();
  const running = commandRunner(controller.signal)('sleep', ['60']);
  controller.abort();
  await expect(running).rejects.toThrow(/was stopped/);
});

test('each line of output reaches the log, the last one without its line end too', async () => {
  const lines: string[] = [];
  await commandRunner(undefined, (line) => lines.push(line))('printf', ['one\ntwo\nthree']);
  expect(lines).toEqual(['one', 'two', 'three']);
});

test('a command that somebody kills takes what it started with it, and says what may have killed it', async () => {
  const run = commandRunner(new AbortController().signal);
  // The sleeper holds the output open: nothing would end before it does.
  const failed = run('sh', ['-c', 'sleep 1000 & kill -9 $$']);
  await expect(failed).rejects.toThrow(/sh was killed by SIGKILL \(by hand, or by the kernel for want of memory/);
});
