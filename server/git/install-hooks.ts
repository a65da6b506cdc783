/** Puts our hooks into a repository, and the settings by which they find the server. */
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git } from '../../core/repo/git.ts';

export interface HookSettings {
  /** The compiled hook program, `dist/server/git/hook.js`. */
  readonly hookProgram: string;
  /** The node that runs it. */
  readonly node: string;
  /** The unix socket on which the server listens for pushes. */
  readonly socket: string;
  /** The command that starts the server, told to a pusher who finds it stopped. */
  readonly startCommand: string;
}

const HOOKS = ['pre-receive', 'post-receive'] as const;

/** Writes both hooks (each appears whole) and the settings. Other hooks of the repository stay. Called at every start. */
export async function installHooks(repositoryDir: string, settings: HookSettings): Promise<void> {
  const folder = join(repositoryDir, 'hooks');
  await mkdir(folder, { recursive: true });
  for (const hook of HOOKS) {
    const place = join(folder, hook);
    const making = `${place}.new-${process.pid}`;
    try {
      await writeFile(making, hookScript(hook, settings), { mode: 0o755 });
      await chmod(making, 0o755);
      await rename(making, place);
    } catch (error) {
      await rm(making, { force: true });
      throw error;
    }
  }
  // Over ssh and file paths git runs with the pusher's own settings, and a `core.hooksPath` there (common on developers'
  // machines) would silently push past the check. The repository's own setting outranks it; relative, so that it moves along.
  await git(['--git-dir', repositoryDir, 'config', '--replace-all', 'core.hooksPath', 'hooks']);
  await git(['--git-dir', repositoryDir, 'config', '--replace-all', 'litehouse.socket', settings.socket]);
  await git(['--git-dir', repositoryDir, 'config', '--replace-all', 'litehouse.start', settings.startCommand]);
}

function hookScript(hook: (typeof HOOKS)[number], { node, hookProgram }: HookSettings): string {
  const missing = `litehouse: its hook can not run: ${node} or ${hookProgram} is missing. Start the server once, it mends its hooks.`;
  return [
    '#!/bin/sh',
    '# Written by litehouse at every start; changes are lost.',
    `if [ ! -x ${quote(node)} ] || [ ! -r ${quote(hookProgram)} ]; then`,
    `  echo ${quote(missing)} >&2`,
    `  exit ${hook === 'pre-receive' ? 1 : 0}`,
    'fi',
    `exec ${quote(node)} ${quote(hookProgram)} ${hook}`,
    '',
  ].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
