/** Promises of the hooks as they stand in a repository. */
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { git } from '../../core/repo/git.ts';
import { type Lab, makeLab, START } from './git-lab.ts';
import { installHooks } from './install-hooks.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await makeLab();
});
afterEach(() => lab.end());

test('both hooks can be run, nothing is left beside them, and other hooks stay', async () => {
  const hooks = join(lab.repositoryDir, 'hooks');
  await writeFile(join(hooks, 'update'), '#!/bin/sh\n', { mode: 0o755 });
  await git(['--git-dir', lab.repositoryDir, 'config', 'core.hooksPath', '/elsewhere']);
  const settings = {
    hookProgram: join(lab.dir, 'hook.mjs'),
    node: process.execPath,
    socket: lab.socketPath,
    startCommand: START,
  };
  await installHooks(lab.repositoryDir, settings);
  await installHooks(lab.repositoryDir, settings);
  expect((await readdir(hooks)).sort()).toEqual(['post-receive', 'pre-receive', 'update']);
  expect((await stat(join(hooks, 'pre-receive'))).mode & 0o777).toBe(0o755);
  const config = await git(['--git-dir', lab.repositoryDir, 'config', '--list', '--local']);
  expect(config.stdout.toString()).toContain(`litehouse.start=${START}`);
  expect(config.stdout.toString()).not.toContain('/elsewhere');
});

test('a program that is gone refuses pushes in words; a path with a quote in it is only a path', async () => {
  await installHooks(lab.repositoryDir, {
    hookProgram: join(lab.dir, "o'clock; touch /tmp/never", 'hook.js'),
    node: process.execPath,
    socket: lab.socketPath,
    startCommand: START,
  });
  const clone = await lab.clone(lab.repositoryDir, 'one');
  await lab.commit(clone, { a: 'a' });
  const said = await lab.git(['push'], { cwd: clone });
  expect(said.code).toBe(1);
  expect(said.output).toContain("o'clock; touch /tmp/never");
  expect(said.output).toContain('is missing. Start the server once');
});

test("a pusher's own core.hooksPath does not get a push past the check", async () => {
  const clone = await lab.clone(lab.repositoryDir, 'one');
  const before = await lab.repository.head();
  await lab.commit(clone, { a: 'a' });
  await lab.git(['config', '--global', 'core.hooksPath', join(lab.dir, 'my-hooks')]);
  const said = await lab.git(['push'], { cwd: clone });
  expect(said.code).toBe(1);
  expect(said.output).toContain('litehouse is not running');
  expect(await lab.repository.head()).toBe(before);
});
