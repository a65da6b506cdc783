/** What can go wrong while a world is made real on the disk. */
import { defineMessage } from '../diagnostic.ts';

interface Failure {
  /** `root:path`, or a directory. */
  readonly where: string;
  readonly cause: string;
}

export const diskFull = defineMessage<Failure>({
  code: 'LH601',
  severity: 'error',
  title: 'no space left while applying',
  help: 'The filesystem (or its quota, or its inodes) was full. Nothing was removed and the answers to nodes were not changed:\nthe earlier state serves on. The journal stays open and the next apply finishes the job.\nRight: free space, then `litehouse apply`. Wrong: deleting the .litehouse directory, which holds the list of owned paths.',
  message: ({ where, cause }) => `can't write ${where}: ${cause}`,
  mend: () => 'free space on that filesystem (df -h, df -i), then apply again: it goes on where it stopped',
});

export const notPermitted = defineMessage<Failure>({
  code: 'LH602',
  severity: 'error',
  title: 'not permitted to write below a root',
  help: 'The server may not write there: wrong owner of the root, a read-only mount, an immutable file.\nRight: give the root to the user of the server, or run the server as root. Wrong: chmod 777.',
  message: ({ where, cause }) => `not permitted to write ${where}: ${cause}`,
  mend: () => 'look at the owner, mode and mount options of that directory, then apply again',
});

export const unsafePath = defineMessage<Failure>({
  code: 'LH603',
  severity: 'error',
  title: 'a path leads out of its root',
  help: 'Nothing outside the declared roots is touched: a parent directory that became a symbolic link is refused,\nand so is a root whose directory was exchanged (an unmounted disk).\nRight: a root that is itself a link. Wrong: a link inside a root in the place of a directory that litehouse writes.',
  message: ({ where, cause }) => `refused to touch ${where}: ${cause}`,
  mend: () => 'put a real directory there again (or mount the disk), then apply again',
});

export const undeclaredRoot = defineMessage<{ readonly root: string; readonly plugin: string }>({
  code: 'LH604',
  severity: 'error',
  title: 'output below a root that the settings do not name',
  help: 'Every output names a root; the server settings map it to a directory. Without one there is no place to write to.',
  message: ({ root, plugin }) =>
    `plugin '${plugin}' wants to write below root '${root}', which the settings do not name`,
  mend: ({ root }) => `add root '${root}' with its directory to the server settings`,
});

export const effectFailed = defineMessage<Failure>({
  code: 'LH605',
  severity: 'error',
  title: 'applying failed',
  help: 'An operation on the disk, a blob of the commit or the exchange of the answers failed. The journal stays open;\nthe next apply finishes the job.',
  message: ({ where, cause }) => `applying stopped at ${where}: ${cause}`,
  mend: () => 'mend the cause, then apply again: it goes on where it stopped',
});

export const reloadFailed = defineMessage<{ readonly name: string; readonly cause: string }>({
  code: 'LH606',
  severity: 'warning',
  title: 'a reload failed',
  help: 'The files are in place but the service did not take them in. The reload stays owed and is tried at every apply until it succeeds.',
  message: ({ name, cause }) => `reload '${name}' failed: ${cause}`,
  mend: () => 'run the command by hand to see why, then apply again',
});
