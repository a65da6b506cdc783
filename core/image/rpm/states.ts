/** How repositories stand: what their repomd.xml says of itself, and its digest. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryState } from '../family.ts';
import type { RpmRepository } from './repositories.ts';

/** One state a repository. `fetched` gives the repomd.xml of one that is elsewhere. */
export async function statesOf(
  repositories: readonly RpmRepository[],
  fetched: (repository: RpmRepository) => Promise<string | undefined>,
): Promise<RepositoryState[]> {
  const states: RepositoryState[] = [];
  for (const repository of repositories) {
    const { alias, directory, listing, of, baseUrl } = repository;
    const url = directory ?? baseUrl;
    if (listing !== undefined) {
      states.push({ alias, url: of.url, date: listing.date, digest: listing.digest });
      continue;
    }
    const place = directory === undefined ? await fetched(repository) : join(directory, 'repodata/repomd.xml');
    // A medium of SUSE before 15 has a list of contents in its place.
    const other = directory === undefined ? undefined : join(directory, 'content');
    const text = (await read(place)) ?? (await read(other)) ?? '';
    states.push({ alias, url, date: dateOf(text), digest: createHash('sha256').update(text).digest('hex') });
  }
  return states;
}

async function read(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : await readFile(path, 'utf8').catch(() => undefined);
}

/** The revision, where it is a time, else the youngest time of a part. */
export function dateOf(repomd: string): string | undefined {
  const revision = /<revision>\s*(\d{9,11})\s*<\/revision>/.exec(repomd)?.[1];
  const times = [...repomd.matchAll(/<timestamp>\s*(\d+)(?:\.\d+)?\s*<\/timestamp>/g)].map(([, seconds]) =>
    Number(seconds),
  );
  const seconds = revision === undefined ? Math.max(0, ...times) : Number(revision);
  return seconds === 0 ? undefined : new Date(seconds * 1000).toISOString();
}
