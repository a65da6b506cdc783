/** Reads files of a tree that somebody else's scripts wrote: only plain ones, never without a limit, never waiting for a writer. */
import { constants } from 'node:fs';
import { copyFile, type FileHandle, open } from 'node:fs/promises';

/** More than any index of modules, list of accounts or static program has. */
export const usualLimit = 64 * 2 ** 20;

/** A file of a tree is something else than a build can take; the message names it. */
export class NotPlain extends Error {}

/**
 * Opens a plain file; a link as the last part is not followed. A FIFO would be opened only when somebody writes to it, which is never:
 * so the file is opened without waiting, and looked at before a byte is read.
 * @throws NotPlain for anything but a plain file, and for one of more than `limit` bytes; the system's error where it can't be opened.
 */
async function openPlain(path: string, limit: number): Promise<{ readonly file: FileHandle; readonly size: number }> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY).catch((error: NodeJS.ErrnoException) => {
    // Of a link, and of a socket or a device without a driver.
    if (error.code === 'ELOOP' || error.code === 'ENXIO' || error.code === 'ENODEV') throw notPlain(path);
    throw error;
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw notPlain(path);
    if (found.size > limit)
      throw new NotPlain(`${path} has ${mebibytes(found.size)}, more than the ${mebibytes(limit)} that are taken`);
    return { file, size: found.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}

const notPlain = (path: string) =>
  new NotPlain(
    `${path} is no plain file (a FIFO, a device, a link or a directory): a script or package of the image put it there`,
  );

export const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/** The bytes of a plain file. Throws as `openPlain`. */
export async function readPlain(path: string, limit = usualLimit): Promise<Buffer> {
  const { file, size } = await openPlain(path, limit);
  try {
    const bytes = Buffer.alloc(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await file.read(bytes, at, size - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await file.close();
  }
}

/** Copies a plain file, by reference where the filesystem can. Throws as `openPlain`. */
export async function copyPlain(path: string, to: string, limit: number): Promise<void> {
  const { file } = await openPlain(path, limit);
  try {
    // The file that was looked at, whatever has taken its name since.
    await copyFile(`/proc/self/fd/${file.fd}`, to, constants.COPYFILE_FICLONE);
  } finally {
    await file.close();
  }
}
