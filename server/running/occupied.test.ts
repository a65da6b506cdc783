import { describe, expect, test } from 'vitest';
import { litehouse } from '../../test/server/command-line.ts';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { Failure, failureLines } from '../command/failure.ts';
import { readSettings, type Settings } from '../settings.ts';
import { askEngine, awaitServer, lockOrFail, type Patience } from './engine.ts';
import { takeLock } from './lock.ts';
import { lockFile, removeNote, writeNote } from './note.ts';

const temporary = temporaryDirs();

async function serverDir(): Promise<Settings> {
  const dir = temporary();
  expect((await litehouse(dir, 'init', '--dir', dir)).status).toBe(0);
  return readSettings(dir);
}

/** This process stands for a server or a command that has the directory. */
async function occupy(settings: Settings, doing: string): Promise<() => Promise<void>> {
  const outcome = await takeLock(lockFile(settings), doing);
  if (outcome.kind !== 'taken') throw new Error('busy');
  return outcome.release;
}

const note = { pid: process.pid, admin: 'http://127.0.0.1:1', node: 'http://127.0.0.1:2', started: '', key: 'k' };

const ask = ({ dir }: Settings, patience: Patience) =>
  askEngine(dir, 'status', { server: async (server) => server.admin, engine: async () => 'an engine' }, patience);

const refusal = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    (value) => `no refusal: ${value}`,
    (error) => (error instanceof Failure ? failureLines(error, { debug: false }).join('\n') : String(error)),
  );

describe('a question about a directory', () => {
  test('waits for a server that starts, and is then answered by it', async () => {
    const settings = await serverDir();
    await occupy(settings, 'serve');
    const onWait = () => void writeNote(settings, note);
    expect(await ask(settings, { onWait })).toBe(note.admin);
  });

  test('waits for a server that stops, and is then answered without it', async () => {
    const settings = await serverDir();
    const release = await occupy(settings, 'serve');
    await writeNote(settings, { ...note, stopping: true });
    const onWait = () => void removeNote(settings).then(release);
    expect(await ask(settings, { onWait })).toBe('an engine');
  });

  test('waits for another command', async () => {
    const settings = await serverDir();
    const release = await occupy(settings, 'apply');
    expect(await ask(settings, { onWait: () => void release() })).toBe('an engine');
  });

  test('is told after a while to wait, and never to end a server', async () => {
    const settings = await serverDir();
    const release = await occupy(settings, 'serve');
    const starting = await refusal(ask(settings, { milliseconds: 0 }));
    expect(starting).toContain(`is starting (process ${process.pid})`);
    await writeNote(settings, { ...note, stopping: true });
    const stopping = await refusal(ask(settings, { milliseconds: 0 }));
    expect(stopping).toContain(`is stopping (process ${process.pid})`);
    expect(await refusal(awaitServer(settings, { milliseconds: 0 }))).toBe(stopping);
    for (const text of [starting, stopping]) expect(text).not.toMatch(/kill|stop it/);
    await removeNote(settings);
    await release();
    await occupy(settings, 'apply');
    expect(await refusal(ask(settings, { milliseconds: 0 }))).toMatch(
      /\(litehouse apply\)\n.*\n.*wait until it is done/,
    );
  });

  test('of a server that does not answer says nothing of ending it', async () => {
    const settings = await serverDir();
    await occupy(settings, 'serve');
    await writeNote(settings, note);
    const { status, err } = await litehouse(settings.dir, 'status', '--dir', settings.dir);
    expect([status, err]).toEqual([2, expect.stringContaining('does not answer')]);
    expect(err).not.toMatch(/kill|stop it/);
  });
});

describe('who needs the directory alone', () => {
  test('waits for a command, and for a server that stops', async () => {
    const settings = await serverDir();
    for (const doing of ['status', 'serve']) {
      const release = await occupy(settings, doing);
      if (doing === 'serve') await writeNote(settings, { ...note, stopping: true });
      const heard: string[] = [];
      const taken = await lockOrFail(settings, 'serve', {
        onWait({ kind, holder }) {
          heard.push(`${kind}: ${holder.doing}`);
          // It looks again in between.
          void removeNote(settings).then(() => setTimeout(() => void release(), 200));
        },
      });
      expect(heard).toEqual([doing === 'serve' ? 'stopping: serve' : 'command: status']);
      await taken();
    }
  });

  test('is told at once of a server that runs or starts', async () => {
    const settings = await serverDir();
    await occupy(settings, 'serve');
    const never = { onWait: () => expect.unreachable('it waited') };
    expect(await refusal(lockOrFail(settings, 'serve', never))).toContain(`stop it first: kill ${process.pid}`);
    await writeNote(settings, note);
    expect(await refusal(lockOrFail(settings, 'restore', never))).toContain(`stop it first: kill ${process.pid}`);
    // Nobody ends a cluster's server for that.
    expect(await refusal(lockOrFail(settings, 'init', never))).not.toContain('kill');
  });

  test('gives up at once when it is told to stop', async () => {
    const settings = await serverDir();
    await occupy(settings, 'status');
    expect(await refusal(lockOrFail(settings, 'serve', { signal: AbortSignal.abort() }))).toContain('litehouse status');
  });
});
