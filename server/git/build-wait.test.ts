/** Promises of `git push -o wait`: what the pusher reads, that nobody else waits for him, and that he may leave. */
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../../test/until.ts';
import { builtLab, oneMoreFile } from '../../test/world/built-lab.ts';
import { waitForBuilds } from './build-wait.ts';
import { type Lab, makeLab } from './git-lab.ts';

const world = builtLab();

async function wait(commit: string, signal = new AbortController().signal) {
  const lines: string[] = [];
  const engine = await world.running();
  const done = waitForBuilds(engine, commit, (line) => lines.push(line), signal);
  return { lines, done };
}

describe('who waits for builds', () => {
  test('reads how each begins and ends, and goes when nodes have the new images', async () => {
    const [first = ''] = await world.commits({});
    world.builds('slow');
    await world.apply(first);
    const { lines, done } = await wait(first);
    await until('told', () => lines.some((line) => line.startsWith('building slow-image/base-img@')));
    world.builds('');
    await done;
    expect(lines[0]).toBe('waiting for 3 builds; leave with ^C, they go on');
    expect(lines.filter((line) => line.startsWith('built '))).toHaveLength(3);
    expect(lines.at(-1)).toBe('3 builds done: nodes that boot get the new images');
    expect(await world.state()).toBe('applied');
  });

  test('reads why one failed, where its log is, and how to try again', async () => {
    const [first = ''] = await world.commits({});
    world.builds('fail');
    await world.apply(first);
    const { lines, done } = await wait(first);
    await done;
    expect(lines).toContain('  the marker says that base img fails');
    expect(lines.find((line) => line.includes('whole log'))).toMatch(/builds\/[0-9a-f]+\.log$/);
    expect(lines.at(-1)).toMatch(/^build failed: nodes keep what they have; .*--retry-builds$/);
  });

  test('hears at once that there is nothing to build, or that another commit came', async () => {
    const [first = '', second = '', third = ''] = await world.commits({}, oneMoreFile, {});
    await world.apply(first);
    await world.applied();
    const quiet = await wait(first);
    await quiet.done;
    expect(quiet.lines).toEqual(['nothing has to be built']);
    world.builds('slow');
    await world.apply(second);
    const { lines, done } = await wait(second);
    await world.apply(third);
    await done;
    expect(lines.at(-1)).toMatch(/^another commit is in effect by now/);
  });

  test('may leave: the build goes on', async () => {
    const [first = ''] = await world.commits({});
    world.builds('slow');
    await world.apply(first);
    const leave = new AbortController();
    const { done } = await wait(first, leave.signal);
    leave.abort();
    await done;
    world.builds('');
    await world.applied();
  });
});

describe('git push -o wait', () => {
  let lab: Lab | undefined;
  afterEach(async () => {
    await lab?.end();
  });

  test('stays until the builds are done, prints their lines, ends with 0, and holds up no other push', async () => {
    lab = await makeLab();
    const built = new Map<string, () => void>();
    const gone: string[] = [];
    await lab.gate({
      judgeMain: async () => ({ accept: true, lines: [] }),
      applied: async (oid, print) => print(`applied ${oid}`),
      built: (oid, print, signal) =>
        new Promise((resolve) => {
          print('build failed: something');
          built.set(oid, resolve);
          signal.addEventListener('abort', () => {
            gone.push(oid);
            resolve();
          });
        }),
    });
    const first = await lab.clone(lab.repositoryDir, 'first');
    const one = await lab.commit(first, { 'tables/site.csv': '#key,value\n"a","1"\n' });
    const waiting = lab.start(['push', '-o', 'wait', 'origin', 'main'], { cwd: first });
    await until('the push waits', () => built.has(one));
    const other = await lab.clone(lab.repositoryDir, 'other');
    const two = await lab.commit(other, { 'tables/site.csv': '#key,value\n"a","2"\n' });
    expect((await lab.git(['push', 'origin', 'main'], { cwd: other })).code).toBe(0);
    expect(built.has(two)).toBe(false);
    built.get(one)?.();
    const said = await waiting.done;
    expect(said.code).toBe(0);
    expect(said.output).toContain(`remote: applied ${one}`);
    expect(said.output).toContain('remote: build failed: something');
    const three = await lab.commit(other, { 'tables/site.csv': '#key,value\n"a","3"\n' });
    const leaving = lab.start(['push', '-o', 'wait', 'origin', 'main'], { cwd: other });
    await until('the push waits', () => built.has(three));
    process.kill(-leaving.pid, 'SIGKILL');
    await until('it is known to be gone', () => gone.includes(three));
    expect(await lab.repository.head('main')).toBe(three);
  });
});
