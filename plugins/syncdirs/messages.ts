/** Everything that the syncdirs plugin can find wrong: LH821 to LH829. */
import { defineMessage } from '../../core/diagnostic/diagnostic.ts';

export const badOwner = defineMessage<{ column: string; text: string }>({
  code: 'LH821',
  severity: 'error',
  title: 'owner or group that is not a number',
  help: `Nodes see numbers, and a name can mean another number in each image, so attributes.csv takes numbers only.
Right: "syncdirs/ny/home/ann/**","1001","100". Wrong: "syncdirs/ny/home/ann/**","ann","users".`,
  message: ({ column, text }) => `${column} "${text}" is not a number`,
  mend: () => 'write the numeric id that the nodes use',
});

export const badMode = defineMessage<{ text: string }>({
  code: 'LH822',
  severity: 'error',
  title: 'mode that is not octal',
  help: `A mode is three or four octal digits. One that cannot be read would leave a file more open than its row asks, so
it is refused. Right: "0600". Wrong: "u=rw", "o600", "0800".`,
  message: ({ text }) => `mode "${text}" is not three or four octal digits`,
  mend: () => 'write it in octal, such as 0600',
});

export const matchesNothing = defineMessage<{ path: string }>({
  code: 'LH823',
  severity: 'warning',
  title: 'attributes row that matches nothing',
  help: `The path of the row names no file or directory of this commit: it was moved, or is misspelt, and what the row was
meant to protect has the default owner and mode. A path that ends in a slash makes an empty directory instead.`,
  message: ({ path }) => `"${path}" matches nothing in the repository`,
  mend: () => 'correct the path, end it with a slash if it is an empty directory, or take the row out',
});

export const outsidePath = defineMessage<{ path: string }>({
  code: 'LH824',
  severity: 'warning',
  title: 'attributes row for something that is not published',
  help: `Only what lies below syncdirs/ and images/ is published with an owner and a mode; paths start at the top of the
repository. Right: "syncdirs/ny/etc/shadow". Wrong: "/etc/shadow", "tables/site.csv".`,
  message: ({ path }) => `"${path}" is not below syncdirs/ or images/`,
  mend: () => 'write the path as it stands in the repository, starting with syncdirs/ or images/',
});

export const openKey = defineMessage<{ path: string; mode: string }>({
  code: 'LH825',
  severity: 'warning',
  title: 'private key that everybody can read',
  help: `The file is named like a private key and is published with a mode that lets every user of every node read it; git
keeps no such modes. Right: "syncdirs/ny/etc/ssh/ssh_host_rsa_key","0","0","0600" in attributes.csv.`,
  message: ({ path, mode }) => `${path} looks like a private key and is published with mode ${mode}`,
  mend: ({ path }) => `add a row to attributes.csv: "${path}","0","0","0600"`,
});

export const badPattern = defineMessage<{ path: string }>({
  code: 'LH826',
  severity: 'error',
  title: 'path pattern that is not understood',
  help: `A path is exact, or a directory followed by /** for everything below it. Other patterns are not known, and what
they were meant to protect would stay open. Right: "syncdirs/ny/etc/ssh/**". Wrong: "syncdirs/*/etc/shadow", "../x".`,
  message: ({ path }) => `"${path}" is neither a plain path nor a directory with /** at the end`,
  mend: () => 'write one row for each path, or DIRECTORY/** for all below a directory',
});

export const setId = defineMessage<{ path: string; mode: string }>({
  code: 'LH827',
  severity: 'warning',
  title: 'set-id bits that published files do not get',
  help: `What is below syncdirs/ is published where every user of the server can read it, so a program with set-user or set-group bits would
be theirs too: files are published without these bits. The root trees of images are for root alone, and keep them.
Right: images/compute/rootimg/usr/bin/tool with "images/compute/rootimg/usr/bin/tool","0","0","4755". Wrong: the same below syncdirs/.`,
  message: ({ path, mode }) => `mode ${mode} of "${path}" has set-id bits, which files below syncdirs/ do not get`,
  mend: () => 'lay the program over the image, in images/<name>/rootimg/, or write the mode without its first digit',
});

export const messages = [badOwner, badMode, matchesNothing, outsidePath, openKey, badPattern, setId] as const;
