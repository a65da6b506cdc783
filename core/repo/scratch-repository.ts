/** For tests: a real git working copy in a temporary folder. */
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { git } from './git.ts';

/** A file's text; `{ link }` for a symbolic link, `{ program }` for a file that can be run. */
export type ScratchFile = string | Buffer | { readonly link: string } | { readonly program: string };

export interface ScratchRepository {
  readonly dir: string;
  readonly gitDir: string;
  write(files: Readonly<Record<string, ScratchFile>>): Promise<void>;
  /** Writes, adds all and commits; gives the commit's id. */
  commit(files: Readonly<Record<string, ScratchFile>>, message?: string, author?: string): Promise<string>;
  git(...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function scratchRepository(): Promise<ScratchRepository> {
  const dir = await mkdtemp(join(tmpdir(), 'lh-repo-'));
  const run = async (...args: string[]) => (await git(args, { cwd: dir })).stdout.toString().trim();
  await run('init', '-q', '-b', 'main');
  await run('config', 'user.name', 'Ann');
  await run('config', 'user.email', 'ann@site');
  const write: ScratchRepository['write'] = async (files) => {
    for (const [path, file] of Object.entries(files)) {
      const place = join(dir, path);
      await mkdir(dirname(place), { recursive: true });
      await rm(place, { force: true });
      if (typeof file === 'string' || Buffer.isBuffer(file)) await writeFile(place, file);
      else if ('link' in file) await symlink(file.link, place);
      else {
        await writeFile(place, file.program);
        await chmod(place, 0o755);
      }
    }
  };
  return {
    dir,
    gitDir: join(dir, '.git'),
    write,
    async commit(files, message = 'a change', author = 'Ann <ann@site>') {
      await write(files);
      await run('add', '-A');
      await run('commit', '-q', '--allow-empty', '-m', message, `--author=${author}`);
      return run('rev-parse', 'HEAD');
    },
    git: run,
    remove: () => rm(dir, { recursive: true, force: true, maxRetries: 3 }),
  };
}
