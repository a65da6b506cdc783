/** Makes a server directory: folders, and a repository with a first configuration and our hooks. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configureRepository, createRepository } from '../core/repo/create.ts';
import { git, LEAST_GIT } from '../core/repo/git.ts';
import { Failure } from './command/failure.ts';
import { installPushHooks } from './pushes.ts';
import type { Settings } from './settings.ts';

/**
 * Makes what is missing of the directory; true where it made the repository. What is there stays, and a kill at any
 * instant leaves nothing that the next run can't finish: the repository appears by rename, folders may appear one by one.
 */
export async function makeServerDir(settings: Settings): Promise<boolean> {
  await checkGit();
  try {
    await mkdir(settings.state, { recursive: true, mode: 0o755 });
    for (const dir of settings.roots.values()) await mkdir(dir, { recursive: true });
  } catch (error) {
    throw new Failure({
      what: `cannot make ${settings.dir}`,
      why: (error as Error).message,
      mend: 'choose a directory that this user may write: --dir DIR',
    });
  }
  // In git's own words: bytes as a plain number.
  const maxInputSize = String(settings.pushes.maxBytes);
  if ((await stat(settings.repository).catch(() => undefined)) !== undefined) {
    await configureRepository(settings.repository, maxInputSize);
    await installPushHooks(settings);
    return false;
  }
  const template = await templateDir();
  await createRepository(settings.repository, template, {
    author: { name: 'litehouse', email: 'litehouse@localhost' },
    message: 'Start from the litehouse template',
    maxInputSize,
  });
  await installPushHooks(settings);
  return true;
}

/** git itself receives pushes and reads objects, so one that is missing or too old is said first. */
async function checkGit(): Promise<void> {
  const said = await git(['version']).then(
    ({ stdout }) => stdout.toString('utf8').trim(),
    () => undefined,
  );
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(said ?? '') ?? []).slice(1).map(Number);
  const [leastMajor = 0, leastMinor = 0] = LEAST_GIT.split('.').map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new Failure({
    what: said === undefined ? 'git is not installed' : `${said} is too old`,
    mend: `install git ${LEAST_GIT} or later`,
  });
}

/** `repo-template` stands beside `server` in the sources, and beside `dist` in what is built. */
async function templateDir(): Promise<string> {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 3; up++) {
    folder = dirname(folder);
    const template = join(folder, 'repo-template');
    if ((await stat(join(template, 'tables')).catch(() => undefined)) !== undefined) return template;
  }
  throw new Failure({
    what: 'the folder repo-template is missing from this litehouse',
    mend: 'install litehouse again',
  });
}
