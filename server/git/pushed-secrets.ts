/** Looks for secrets in every commit that a push brings, by whatever ref: what once is in the repository can be read for ever (law 7). */
import { secretsIn } from '../../core/check/secrets.ts';
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import { NewFiles, openCommit } from '../../core/repo/commit-snapshot.ts';
import { firstOf, type ObjectSource } from '../../core/repo/objects.ts';
import type { Repository } from '../../core/repo/repository.ts';

export interface SecretBrought {
  readonly commit: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** The commit that a name ends at, through tags; `type`: what is there instead of one. */
export async function peel(
  source: ObjectSource,
  oid: string,
): Promise<{ readonly oid: string; readonly type: string }> {
  for (let at = oid; ; ) {
    const [object] = await source.read([at]);
    const tagged = object?.type === 'tag' ? /^object ([0-9a-f]{40})$/m.exec(headOf(object.data))?.[1] : undefined;
    if (tagged === undefined) return { oid: at, type: object?.type ?? 'missing object' };
    at = tagged;
  }
}

/**
 * Secrets in the new commits that lead to `tips`, oldest first, but for the commits in `judged`, which are checked whole elsewhere. A
 * file that the repository has already, or an earlier commit of the push, is not looked at again: so a long history costs its changes.
 */
export async function secretsBrought(
  tips: readonly string[],
  judged: string | undefined,
  repository: Pick<Repository, 'objects'>,
  relay: ObjectSource,
): Promise<SecretBrought[]> {
  const source = firstOf(repository.objects, relay);
  const { fresh, old } = await newCommits(tips, repository.objects, relay);
  // An everyday push is one commit, and that one is judged.
  const wanted = fresh.filter((commit) => commit !== judged).reverse();
  if (wanted.length === 0) return [];
  const files = new NewFiles(source);
  for (const commit of old) await files.of(commit);
  const found: SecretBrought[] = [];
  for (const commit of wanted) {
    const diagnostics = await secretsIn(await files.of(commit), await openCommit(source, commit));
    if (diagnostics.length > 0) found.push({ commit, diagnostics });
  }
  return found;
}

/** Commits that the repository does not have, each before its parents where history is one line; and the ones that they stand on. */
async function newCommits(
  tips: readonly string[],
  repository: ObjectSource,
  relay: ObjectSource,
): Promise<{ readonly fresh: readonly string[]; readonly old: readonly string[] }> {
  const fresh: string[] = [];
  const old: string[] = [];
  const seen = new Set<string>(tips);
  for (let level = [...seen]; level.length > 0; ) {
    const there = await repository.read(level);
    const missing = level.filter((_, i) => there[i] === undefined);
    old.push(...level.filter((_, i) => there[i] !== undefined));
    const next: string[] = [];
    for (const [i, object] of (await relay.read(missing)).entries()) {
      if (object === undefined) continue;
      fresh.push(missing[i] ?? '');
      for (const [, parent = ''] of headOf(object.data).matchAll(/^parent ([0-9a-f]{40})$/gm)) {
        if (!seen.has(parent)) next.push(parent);
        seen.add(parent);
      }
    }
    level = next;
  }
  return { fresh, old };
}

/** The lines above the message. */
function headOf(data: Buffer): string {
  const end = data.indexOf('\n\n');
  return data.toString('latin1', 0, end === -1 ? data.length : end);
}
