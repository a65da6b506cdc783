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
    await refuseUnfit(settings.repository);
    await configureRepository(settings.repository, maxInputSize);
    await installPushHooks(settings);
    return false;
  }
  await refuseLostRepository(settings);
  const template = await templateDir();
  await createRepository(settings.repository, template, {
    author: { name: 'litehouse', email: 'litehouse@localhost' },
    message: 'Start from the litehouse template',
    maxInputSize,
  });
  await installPushHooks(settings);
  return true;
}

/** A repository that is not there although its world is was moved, or its disk is not mounted: the template must not take its place. */
async function refuseLostRepository(settings: Settings): Promise<void> {
  for (const dir of settings.roots.values()) {
    const manifest = await stat(join(dir, '.litehouse', 'manifest')).catch(() => undefined);
    // An empty manifest has its first line only.
    if (manifest === undefined || manifest.size < 100) continue;
    throw new Failure({
      what: `${settings.repository} is missing, but what was made of it stands in ${dir}`,
      why: 'a new repository would replace all of that by the template cluster',
      mend: 'put the repository back (mount its disk, restore the backup); for a new cluster choose another --dir',
    });
  }
}

/** Only a bare repository with sha1 names can be hosted and read. */
async function refuseUnfit(repository: string): Promise<void> {
  const asked = ['--git-dir', repository, 'rev-parse', '--is-bare-repository', '--show-object-format'];
  const said = await git(asked).then(
    ({ stdout }) => stdout.toString('utf8').trim(),
    (error: Error) => error.message,
  );
  if (said === 'true\nsha1') return;
  const why =
    said === 'true\nsha256' ? 'it names its objects by sha256; litehouse reads sha1' : 'it is no bare git repository';
  throw new Failure({
    what: `cannot host ${repository}`,
    why,
    mend: 'move it away, start once so that a new one is made, and push its files there',
  });
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
