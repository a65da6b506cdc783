/** Notices that a branch may have moved. Only a hint: whoever is told resolves the branch and compares. */
import { join } from 'node:path';
import { watch } from 'chokidar';

/** How long a burst of file events is gathered before one look. */
const settleMilliseconds = 100;

/**
 * Calls `look` soon after something changed among the refs of the bare repository, and every `pollSeconds` whatever the
 * watcher saw: inotify misses a repository that was replaced as a whole. Gives its own undo.
 */
export function watchRefs(
  repository: string,
  pollSeconds: number,
  look: (reason: string) => void,
): () => Promise<void> {
  const watcher = watch(
    [join(repository, 'refs', 'heads'), join(repository, 'packed-refs'), join(repository, 'HEAD')],
    {
      ignoreInitial: true,
      ignored: (path) => path.endsWith('.lock'),
    },
  );
  let settling: NodeJS.Timeout | undefined;
  watcher.on('all', () => {
    clearTimeout(settling);
    settling = setTimeout(() => look('the refs changed'), settleMilliseconds);
  });
  // Without a watcher (too many watches on this machine) the poll still finds every push.
  watcher.on('error', () => {});
  const poll = setInterval(() => look('poll'), pollSeconds * 1000);
  return async () => {
    clearTimeout(settling);
    clearInterval(poll);
    await watcher.close();
  };
}
