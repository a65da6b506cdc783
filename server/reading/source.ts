/** What a reading command reads: a working copy as it would be committed, or a commit of a repository. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openFolder } from '../../core/repo/folder-snapshot.ts';
import { Repository } from '../../core/repo/repository.ts';
import type { Snapshot } from '../../core/repo/snapshot.ts';
import { type CommandContext, serverDir } from '../command/context.ts';
import { Failure } from '../command/failure.ts';
import { cloneRemote, findRemote, type Remote } from '../running/remote.ts';
import { branch } from '../settings.ts';

export interface SourceOptions {
  readonly dir?: string;
  readonly repo?: string;
  readonly at?: string;
  readonly server?: string;
  readonly tokenFile?: string;
  /** Whether the server that the environment names counts. */
  readonly remote?: boolean;
  /** Whether commits before the one that is read are wanted, to say who wrote a row. */
  readonly history?: boolean;
}

export interface Source {
  /** Working copy or bare repository, absolute. */
  readonly place: string;
  readonly snapshot: Snapshot;
  /** The repository behind it; undefined for a folder that git does not know. */
  readonly repository: Repository | undefined;
  /** For messages: `the working copy /x`, `main of /y`. */
  readonly called: string;
  close(): Promise<void>;
}

/** Opens what the options name: `--repo`, else `--dir`'s repository, else the current folder if it has tables, else the server's. */
export async function openSource(context: CommandContext, options: SourceOptions): Promise<Source> {
  const remote = await remoteOf(context, options);
  if (remote !== undefined) return openRemote(remote, options);
  const place = await findPlace(context, options);
  const repository = await repositoryOf(place);
  const close = async (): Promise<void> => repository?.close();
  try {
    if (options.at === undefined && (await exists(join(place, 'tables')))) {
      return { place, snapshot: await openFolder(place), repository, called: `the working copy ${place}`, close };
    }
    if (repository === undefined) throw notARepository(place);
    const name = options.at ?? branch;
    return {
      place,
      snapshot: await commitOf(repository, place, name),
      repository,
      called: `${name} of ${place}`,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A repository for `history` and `diff`, which need commits. */
export async function openCommits(
  context: CommandContext,
  options: SourceOptions,
): Promise<{ readonly place: string; readonly repository: Repository }> {
  const place = await findPlace(context, options);
  const repository = await repositoryOf(place);
  if (repository === undefined) throw notARepository(place);
  return { place, repository };
}

/** The snapshot of a commit by any name that git knows. Throws a Failure where there is none. */
export async function commitOf(repository: Repository, place: string, name: string): Promise<Snapshot> {
  const oid = (await repository.head(name)) ?? (await repository.resolve(name));
  if (oid === undefined) {
    throw new Failure({
      what: `there is no commit ${JSON.stringify(name)} in ${place}`,
      mend: 'name a commit, branch or tag that `git log --all` shows there',
    });
  }
  return repository.snapshot(oid);
}

/** The server that is meant: the one named, or that of the environment where nothing here is nearer. */
async function remoteOf(context: CommandContext, options: SourceOptions): Promise<Remote | undefined> {
  if (options.repo !== undefined) return undefined;
  if (options.server === undefined && !options.remote) return undefined;
  if (options.server === undefined && (options.dir !== undefined || (await exists(join(context.cwd, 'tables')))))
    return undefined;
  return findRemote(context, options);
}

async function openRemote(remote: Remote, { at, history }: SourceOptions): Promise<Source> {
  const { place, remove } = await cloneRemote(remote, at === undefined && history !== true ? branch : undefined);
  try {
    const repository = await Repository.open(place);
    const close = async (): Promise<void> => {
      await repository.close();
      await remove();
    };
    const name = at ?? branch;
    return {
      place,
      snapshot: await commitOf(repository, remote.url, name),
      repository,
      called: `${name} of ${remote.url}`,
      close,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function findPlace(context: CommandContext, options: SourceOptions): Promise<string> {
  if (options.repo !== undefined) {
    const place = resolve(context.cwd, options.repo);
    if (!(await exists(place)))
      throw new Failure({ what: `there is no ${place}`, mend: 'name a config repository with --repo' });
    return place;
  }
  if (options.dir === undefined && (await exists(join(context.cwd, 'tables')))) return context.cwd;
  const dir = serverDir(context, options);
  const bare = join(dir, 'config.git');
  if (await exists(bare)) return bare;
  throw new Failure({
    what: 'there is no config repository here',
    why: `the current folder has no tables/, and there is no ${bare}`,
    mend: `go into a clone, or name one: --repo DIR, or a server's directory: --dir DIR or LITEHOUSE_DIR (litehouse init --dir ${dir} makes one)`,
  });
}

async function repositoryOf(place: string): Promise<Repository | undefined> {
  const bare = (await exists(join(place, 'HEAD'))) && (await exists(join(place, 'objects')));
  if (!bare && !(await exists(join(place, '.git')))) return undefined;
  try {
    return await Repository.open(place);
  } catch (error) {
    throw new Failure({ what: (error as Error).message, mend: 'name a config repository with --repo' });
  }
}

function notARepository(place: string): Failure {
  return new Failure({ what: `${place} is no git repository`, mend: 'name a clone or a bare repository with --repo' });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
