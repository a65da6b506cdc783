/** Diagnostics of the repository itself: paths that a commit may not have (LH70x), and pushes that are refused (LH72x). */
import { defineMessage } from '../diagnostic.ts';

export const notUtf8 = defineMessage<{ shown: string }>({
  code: 'LH701',
  severity: 'error',
  title: 'a path that is not UTF-8',
  help: `Paths are UTF-8, so that they mean the same in the tables, on the screen and on the nodes. Names made under another
encoding (often latin1) show as '\uFFFD'. Wrong: syncdirs/x/caf\\xe9. Right: syncdirs/x/caf\\xc3\\xa9.`,
  message: ({ shown }) => `the name ${shown} is not UTF-8`,
  mend: () => 'rename the file: git mv OLD NEW (convmv renames whole folders)',
});

export const controlCharacter = defineMessage<{ shown: string }>({
  code: 'LH702',
  severity: 'error',
  title: 'a control character in a path',
  help: `A line feed, tab or escape in a name would break the line formats that nodes and daemons read. Wrong: syncdirs/x/"a\\nb".
Right: syncdirs/x/a_b.`,
  message: ({ shown }) => `the name ${shown} has a control character`,
  mend: () => 'rename the file: git mv OLD NEW',
});

export const submodule = defineMessage<{ path: string; folder: string }>({
  code: 'LH703',
  severity: 'error',
  title: 'a submodule where files are needed',
  help: `A submodule names a commit of another repository; its files are not in this one and can't be read or published. Often it
comes from 'git add' of a folder that is a repository itself. Wrong: syncdirs/app with a .git folder in it. Right: its files.`,
  message: ({ path, folder }) =>
    `${path} is a submodule: its files are not part of this repository, and ${folder}/ needs files`,
  mend: ({ path }) => `git rm --cached ${path}; remove ${path}/.git; git add ${path}`,
});

export const linkLeadsOut = defineMessage<{ path: string; target: string }>({
  code: 'LH704',
  severity: 'error',
  title: 'a symbolic link that leads out of the overlay folders',
  help: `Published folders are read over NFS: on a node, an absolute link or one that climbs out leads to the node's own files, not
to those that you see here. Wrong: syncdirs/x/etc/motd -> /etc/motd. Right: syncdirs/x/etc/motd -> ../shared/motd.`,
  message: ({ path, target }) => `the link ${path} leads out of its folder, to '${target}'`,
  mend: () => 'commit the file itself, or link to a file in the same folder by a relative path',
});

export const gitPart = defineMessage<{ shown: string }>({
  code: 'LH705',
  severity: 'error',
  title: 'a path with a part that git or the file system keeps for itself',
  help: `No part of a path may be '.git' (in any case of letters), '.', '..' or empty, nor '.litehouse', where litehouse keeps what it
knows of a published folder.`,
  message: ({ shown }) => `the name ${shown} has a part that is not allowed`,
  mend: () => 'rename or remove it',
});

export const wrongCase = defineMessage<{ folder: string; known: string }>({
  code: 'LH706',
  severity: 'warning',
  title: 'a folder that differs from a known one only in its case',
  help: `Names are told apart by case: Tables/ is not tables/, and nothing reads it. Wrong: SyncDirs/x. Right: syncdirs/x.`,
  message: ({ folder, known }) => `nothing reads ${folder}: it is not ${known}`,
  mend: ({ folder, known }) => `git mv ${folder} ${known}`,
});

export const linkInTables = defineMessage<{ path: string }>({
  code: 'LH707',
  severity: 'error',
  title: 'a table that is a symbolic link',
  help: `A commit holds a link's target as text, not the file that it leads to. Wrong: tables/litefile.csv -> ../common.csv.
Right: the table itself.`,
  message: ({ path }) => `${path} is a symbolic link, not a table`,
  mend: () => 'commit the file itself',
});

export const nameTooLong = defineMessage<{ shown: string }>({
  code: 'LH708',
  severity: 'error',
  title: 'a path that is too long to be written',
  help: `File systems take 255 bytes for one name and about 4,000 for a path; published files stand below other folders, so a
path may have 3,000 bytes.`,
  message: ({ shown }) => `the name ${shown} is too long`,
  mend: () => 'use a shorter name',
});

export const mainDeleted = defineMessage<{ branch: string }>({
  code: 'LH721',
  severity: 'error',
  title: 'a push that deletes the branch of the cluster',
  help: `The branch main is what the cluster runs: without it there is nothing to run. To empty the cluster, push a commit
with empty tables.`,
  message: ({ branch }) => `${branch} can't be deleted: it is what the cluster runs`,
  mend: ({ branch }) => `to go back to an earlier state: git revert COMMIT, then git push origin ${branch}`,
});

export const mainForced = defineMessage<{ branch: string; was: string }>({
  code: 'LH722',
  severity: 'error',
  title: 'a forced push of the branch of the cluster',
  help: `A forced push takes commits out of history that nodes may be running. History goes forward only: git revert goes back
to an earlier state by a new commit. Wrong: git push --force. Right: git pull --rebase, or git revert COMMIT; then git push.`,
  message: ({ branch, was }) => `this push would drop commits of ${branch}: ${was} is not among its ancestors`,
  mend: ({ branch }) =>
    `git pull --rebase origin ${branch}, then push again; to undo a commit: git revert COMMIT, then push`,
});

export const unknownPushOption = defineMessage<{ option: string; known: string }>({
  code: 'LH723',
  severity: 'error',
  title: 'a push option that is not known',
  help: `Push options (git push -o WORD) are refused where they are not known: 'plna' must not apply what 'plan' would only
have shown.`,
  message: ({ option }) => `unknown push option '${option}'`,
  mend: ({ known }) => `known: ${known}`,
});

export const refRefused = defineMessage<{ ref: string }>({
  code: 'LH724',
  severity: 'error',
  title: 'a push to a ref that is neither branch nor tag',
  help: `Branches (refs/heads/…) and tags (refs/tags/…) can be pushed. refs/litehouse/… is litehouse's own.`,
  message: ({ ref }) => `${ref} can't be pushed: only branches and tags can`,
  mend: () =>
    'push to a branch: git push origin HEAD:refs/heads/NAME (a mirror push sends every ref: name the branches instead)',
});

export const mainMoved = defineMessage<{ branch: string; now: string }>({
  code: 'LH725',
  severity: 'error',
  title: 'the branch moved during the push',
  help: `Somebody else pushed while this push was on its way. What was checked would not be what the cluster gets.`,
  message: ({ branch, now }) => `${branch} moved while you pushed: it is at ${now}`,
  mend: ({ branch }) => `git pull --rebase origin ${branch}, then push again`,
});

export const gateBusy = defineMessage<{ branch: string; seconds: number }>({
  code: 'LH726',
  severity: 'error',
  title: 'another push took too long',
  help: `Pushes of the cluster's branch are checked one at a time; this one waited for another that did not end.`,
  message: ({ branch, seconds }) => `another push of ${branch} is still being checked after ${seconds} seconds`,
  mend: () => 'push again in a while',
});

export const notACommit = defineMessage<{ ref: string; type: string }>({
  code: 'LH727',
  severity: 'error',
  title: 'a branch or tag that is not at a commit',
  help: `A branch ends at a commit, and so does a tag that is pushed here: trees and files alone cannot be checked. A tag goes to refs/tags/….`,
  message: ({ ref, type }) => `${ref} would be at a ${type}, not at a commit`,
  mend: () => 'push a commit: git push origin HEAD:main',
});

export const pushNotChecked = defineMessage<{ why: string }>({
  code: 'LH728',
  severity: 'error',
  title: 'a push that could not be checked',
  help: `Checking failed for a reason that lies in the server or in the relay of objects, not in the tables. Nothing is accepted unchecked.`,
  message: ({ why }) => `the push could not be checked: ${why}`,
  mend: () => "push again; if it stays so, look at the server's log",
});
