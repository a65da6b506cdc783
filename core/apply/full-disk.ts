/** Says of a build that met a full disk at which step, and how much room there is where it writes: the error itself knows neither. */
import { stat, statfs } from 'node:fs/promises';

/** What the system and package managers say; then no package is to blame, whichever was being written. */
export const saysFullDisk =
  /ENOSPC|EDQUOT|No space left on device|enough free space|needs \d+\S* (?:more )?space|Disk quota exceeded/i;

/** A script of an image has a /tmp of its own (core/image/confine), whose end says the same. */
const hint = "a script's own /tmp has 512 MiB";

/**
 * The error with step and room, where a full disk is what it says; else as it is. `step`: what the build last said that it does; `places`:
 * directories that it writes to. To be asked before what the build left is removed.
 */
export async function explainFullDisk(
  error: unknown,
  step: string | undefined,
  places: readonly string[],
): Promise<unknown> {
  if (!(error instanceof Error) || !saysFullDisk.test(error.message)) return error;
  const devices = new Set<number>();
  const lines: string[] = [];
  for (const place of places) {
    const [found, disk] = await Promise.all([stat(place), statfs(place)]).catch(() => []);
    if (found === undefined || disk === undefined || devices.has(found.dev)) continue;
    devices.add(found.dev);
    const { bavail, blocks, bsize, ffree, files } = disk;
    const inodes = files > 0 && ffree === 0 ? ', and no inode' : '';
    lines.push(`  ${place}: ${mebibytes(bavail * bsize)} of ${mebibytes(blocks * bsize)} free${inodes}`);
  }
  const text = [
    error.message,
    `a disk was full${step === undefined ? '' : `; the last step was: ${step}`}. Where builds write:`,
    ...lines,
    `make room where there is none (df, litehouse images prune), then: litehouse apply --retry-builds; ${hint}`,
  ];
  return new Error(text.join('\n'), { cause: error });
}

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`;
