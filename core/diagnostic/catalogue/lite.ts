/**
 * Diagnostics of the three core tables: litefile, litetree and statelite (LH4xx).
 * One file, although long: what is said about one row is worded so that the sentences fit together.
 */
import { defineMessage } from '../diagnostic.ts';

export const unknownOption = defineMessage<{ text: string; words: string; nearest: string | undefined }>({
  code: 'LH401',
  severity: 'error',
  title: 'a litefile option that is not known',
  help: `litefile.options is one of the words of the cookbook: blank, tmpfs, ALL, rw, persistent, ro, con, bind,
bind,persistent; or of the later releases: link, link,ro, link,con, link,persistent, localdisk.`,
  message: ({ text }) => `unknown option '${text}'`,
  mend: ({ words, nearest }) =>
    nearest === undefined ? `use one of: ${words}` : `did you mean '${nearest}'? Known: ${words}`,
});

export const bindRefused = defineMessage<{ text: string }>({
  code: 'LH402',
  severity: 'error',
  title: 'bind is a word of the cookbook, not of the later dialect',
  help: `Since September 2010 the words changed meaning: tmpfs is what bind was, persistent what bind,persistent was. With the site
key litehouse.dialect set to later, bind is refused because nobody can know which was meant.`,
  message: ({ text }) => `'${text}' does not exist in the later dialect`,
  mend: ({ text }) =>
    `write '${text.includes('persistent') ? 'persistent' : text.toLowerCase() === 'all' ? 'link' : 'tmpfs'}', or set litehouse.dialect to cookbook in tables/site.csv`,
});

export const conDirectory = defineMessage<{ path: string }>({
  code: 'LH403',
  severity: 'error',
  title: 'con on a directory',
  help: `con joins the contents of files; a directory has none to join.`,
  message: ({ path }) => `${path}/ is a directory: con is for files`,
  mend: () => 'list the files in it that are to be joined, one row each',
});

export const badPath = defineMessage<{ path: string }>({
  code: 'LH404',
  severity: 'error',
  title: 'a litefile path that is not absolute or climbs',
  help: `litefile.file is a full path in the image: it starts with '/', has no part '.' or '..', and is not '/' itself.`,
  message: ({ path }) => `'${path}' is not a full path of one file or directory`,
  mend: () => "write the full path, starting with '/', directories with '/' at the end",
});

export const bothAllAndBlank = defineMessage<{ path: string; other: number; differ: boolean }>({
  code: 'LH405',
  severity: 'warning',
  title: 'one path with both ALL and a blank image',
  help: `ALL and a blank image mean the same. For one path, one of the two rows is superfluous; where their options differ, the ALL
row is used.`,
  message: ({ path, other, differ }) =>
    `${path} has a row for ALL and one with a blank image (line ${other})${differ ? '; their options differ, ALL is used' : ''}`,
  mend: () => 'remove one of the two rows',
});

export const noTreeDirectory = defineMessage<Record<string, never>>({
  code: 'LH406',
  severity: 'warning',
  title: 'a litetree row without a directory',
  help: `litetree.directory says where to look: server:/path, or /path on the image itself.`,
  message: () => 'the row has no directory: it is not used',
  mend: () => 'fill the directory, or remove the row',
});

export const badPriority = defineMessage<{ text: string }>({
  code: 'LH407',
  severity: 'error',
  title: 'a litetree priority that is not a number',
  help: `litetree.priority is a number; lower numbers are searched first, and 9.5 stands between 9 and 10.`,
  message: ({ text }) => `priority '${text}' is not a number`,
  mend: () => 'write a number such as 1 or 2.5',
});

export const badMount = defineMessage<{ text: string; why: string }>({
  code: 'LH408',
  severity: 'error',
  title: 'a directory that cannot be mounted',
  help: `A tree is server:/path or /path; a state directory is server:/path. The path is absolute, has no part '..', and no part of more than 255
bytes.`,
  message: ({ text, why }) => `'${text.length > 80 ? `${text.slice(0, 80)}…` : text}': ${why}`,
  mend: () => 'write server:/path',
});

export const unusedImage = defineMessage<{ image: string; table: string; nearest: string | undefined }>({
  code: 'LH409',
  severity: 'warning',
  title: 'a litefile, litetree or statelite row for an image that does not exist',
  help: `The image column holds ALL, nothing, the name of an osimage, or a group of osimage.groups. Otherwise the row is never used.`,
  message: ({ image, table }) => `'${image}' in ${table} is neither an osimage nor a group of images`,
  mend: ({ nearest }) =>
    nearest === undefined ? 'add the osimage row, or remove this row' : `did you mean '${nearest}'?`,
});

export const absentTree = defineMessage<{ path: string }>({
  code: 'LH410',
  severity: 'warning',
  title: 'a litetree row that no node finds a directory by',
  help: `This row leads below /syncdirs on a server of ours, and for no node that uses it does the repository have the directory. A
row that leads to a directory for some nodes only is fine: where it is absent, the answer says so and the node goes on.`,
  message: ({ path }) => `the repository has no directory that this row leads to, such as ${path}`,
  mend: ({ path }) => `add files below ${path.replace(/^\//, '')}/, or mend the row`,
});

export const requiredTree = defineMessage<{ path: string | undefined }>({
  code: 'LH426',
  severity: 'warning',
  title: 'a required litetree row that leads nowhere for a node',
  help: `litetree.mntopts has the word 'required', so nodes do not boot without the tree; and for these nodes the row has no value, or
leads below /syncdirs on a server of ours where the repository has no such directory. They get no boot file, and are told this row.

right:  "1",,"10.0.0.1:/syncdirs/$nodepos.room","required",,   and a directory syncdirs/<room> for each room`,
  message: ({ path }) =>
    path === undefined
      ? 'this row is required and has no value'
      : `the tree ${path} is required, and the repository has none`,
  mend: ({ path }) =>
    path === undefined
      ? "give the node the value, or take 'required' out of mntopts"
      : `add files below ${path.replace(/^\//, '')}/, or take 'required' out of mntopts`,
});

export const runAsLink = defineMessage<{ path: string; image: string; word: string }>({
  code: 'LH427',
  severity: 'warning',
  title: '/run as a link in an image that starts systemd',
  help: `/var/run leads to /run there, which systemd mounts a tmpfs on, and it stops at its start where that is a link into memory. A bind
is as empty after each boot, and leaves the directory a directory. A row for the image alone goes before one for ALL.

wrong:  "ALL","/var/run/",,,
right:  "debian12-x86_64-statelite-compute","/var/run/","bind",,`,
  message: ({ path, image }) => `${path} is a link in ${image}, whose systemd does not start so`,
  mend: ({ path, image, word }) => `add a row: "${image}","${path}/","${word}",,`,
});

export const hashInMount = defineMessage<{ text: string }>({
  code: 'LH428',
  severity: 'error',
  title: 'a # in what a node mounts',
  help: `The initrd mounts trees and state by busybox, whose mount takes a name with a # for a command and its arguments, and runs it.

wrong:  "10.0.0.1:/syncdirs/rack#7"
right:  "10.0.0.1:/syncdirs/rack-7"`,
  message: ({ text }) => `'${text}' has a #, and the nodes' mount would run what stands before it`,
  mend: () => 'rename the directory, or the value that it is named by',
});

export const directoryWithoutSlash = defineMessage<{ path: string; why: string }>({
  code: 'LH411',
  severity: 'warning',
  title: 'a directory listed without its closing slash',
  help: `litefile.file ends with a slash where it is a directory. Without it litehouse takes the entry for a file: where the image
lacks it, an empty file is made, and a whole directory of an overlay is not looked for.

wrong:  "ALL","/etc/ssh",,,
right:  "ALL","/etc/ssh/",,,`,
  message: ({ path, why }) => `${path} is listed as a file, but ${why}`,
  mend: ({ path }) => `write '${path}/'`,
});

export const fileWithSlash = defineMessage<{ path: string; why: string }>({
  code: 'LH412',
  severity: 'warning',
  title: 'a file listed with a slash at its end',
  help: `A closing slash says that an entry is a directory. For a file the node would make a directory in its place.

wrong:  "ALL","/etc/motd/",,,
right:  "ALL","/etc/motd",,,`,
  message: ({ path, why }) => `${path}/ is listed as a directory, but ${why}`,
  mend: ({ path }) => `write '${path}'`,
});

export const samePathTwice = defineMessage<{ path: string; line: number; differ: boolean }>({
  code: 'LH413',
  severity: 'warning',
  title: 'one path in two spellings',
  help: `/etc/ssh and /etc/ssh/ (and /etc//ssh) are one entry: a directory, as soon as one of the rows says so. For one image
the first of the rows gives the option.`,
  message: ({ path, line, differ }) =>
    `${path} is the path of line ${line} too${differ ? '; their options differ, the first row gives it' : ''}`,
  mend: () => 'keep one of the two rows',
});

export const keepAsItIs = defineMessage<{ path: string; kind: string }>({
  code: 'LH414',
  severity: 'warning',
  title: 'an entry that should keep its default option',
  help: `The cookbook advises not to change the option of entries that a node needs in order to boot, for example /etc/ssh/ and
/etc/mtab: they are rewritten at each boot (mtab, run, lock) or read before overlays and state can be relied on. A stale
mtab that persists shows mounts that are gone. /var/run/ and /var/lock/ may have bind: systemd refuses to start where /run is a link.

wrong:  "ALL","/etc/mtab","persistent",,
right:  "ALL","/etc/mtab",,,`,
  message: ({ path, kind }) => `${path} has the option ${kind}: nodes are known to boot with its default option`,
  mend: () => 'leave the option blank, or waive this code where the node is known to boot so',
});

export const reservedPath = defineMessage<{ path: string; place: string }>({
  code: 'LH415',
  severity: 'error',
  title: 'an entry in a place of litehouse itself',
  help: `/.default keeps the image's own files, /.statelite the tmpfs, the state and the mounted trees. An entry there would be a
link to itself, or hide what all other entries rest on.`,
  message: ({ path, place }) =>
    path === place ? `${path} is litehouse's own` : `${path} lies in ${place}, which is litehouse's own`,
  mend: () => 'list the path as the node sees it, such as /etc/motd',
});

export const kernelPath = defineMessage<{ path: string; place: string }>({
  code: 'LH416',
  severity: 'warning',
  title: 'an entry in a file system of the kernel',
  help: `/proc, /sys and /dev are mounted over the image as the node starts; an entry there is hidden at once, or keeps it from starting.

wrong:  "ALL","/proc/sys/kernel/hostname",,,
right:  "ALL","/etc/sysctl.conf",,,`,
  message: ({ path, place }) =>
    `${path === place ? path : `${path} lies in ${place}, which`} is mounted over as the node starts`,
  mend: () => 'remove the row',
});

const nestingHelp = `An entry inside a listed directory is decided by the nearest listed directory above it: each pair of options stands in one table
(docs: nested entries). In short: a directory in tmpfs takes any child; one that persists, or is on the local disk, takes children
of its own sort, and others are mounted over; a ro directory is a live tree of a server and takes none; con is for files.`;

interface Nested {
  readonly child: string;
  readonly kind: string;
  readonly parent: string;
  readonly parentKind: string;
  readonly line: number;
  readonly how: string;
}
const nestedText = ({ child, kind, parent, parentKind, line, how }: Nested): string =>
  `${child} (${kind}) lies in ${parent} (${parentKind}, line ${line}): ${how}`;

export const nestedRefused = defineMessage<Nested>({
  code: 'LH417',
  severity: 'error',
  title: 'an entry that cannot be inside the directory above it',
  help: `${nestingHelp}

wrong:  "ALL","/opt/app/","ro",,    with    "ALL","/opt/app/cache/",,,
right:  list what is read-only in /opt/app by itself, or leave the option of /opt/app/ blank`,
  message: nestedText,
  mend: ({ parent }) => `change one of the two options, or list the parts of ${parent} one by one`,
});

export const nestedOverLasting = defineMessage<Nested>({
  code: 'LH418',
  severity: 'warning',
  title: 'an entry mounted over a place in data that lasts',
  help: `${nestingHelp}

Such an entry works, but the directory above it keeps an empty place of its name, and shows that if the row is removed.`,
  message: nestedText,
  mend: ({ parent }) => `nothing, if it is meant; otherwise list the parts of ${parent} one by one`,
});

export const nestedMixed = defineMessage<Nested & { word: string }>({
  code: 'LH419',
  severity: 'warning',
  title: 'link and bind mixed in one directory',
  help: `${nestingHelp}

The original's documentation forbids link in bind and its liteimg refuses bind in link. Here the child is simply laid out the way of
the directory above it, so the word of that family says what happens.`,
  message: nestedText,
  mend: ({ word }) => `write '${word}', which comes to the same here`,
});

export const otherDialect = defineMessage<{
  sign: string;
  line: number;
  word: string;
  here: string;
  there: string;
  rows: number;
}>({
  code: 'LH420',
  severity: 'warning',
  title: 'litefile options that look like the later dialect',
  help: `In September 2010 the option words changed meaning: tmpfs became what bind was, persistent what bind,persistent was, and the
old meanings got the words link and link,persistent. Without the site key litehouse.dialect the cookbook's meaning is used. A table
that has link, rw or localdisk was most likely written for a later release, and then its other words mean binds.

a table of a later release:   "litehouse.dialect","later"
the cookbook's words:         "litehouse.dialect","cookbook"`,
  message: ({ sign, line, word, here, there, rows }) =>
    `'${sign}' (line ${line}) is a word of later releases; '${word}' is read as ${here}, there it means ${there} (${rows} row${rows === 1 ? ' reads' : 's read'} differently)`,
  mend: () => 'set litehouse.dialect to later or to cookbook in tables/site.csv: either ends the doubt',
});

export const samePriority = defineMessage<{ priority: string; line: number }>({
  code: 'LH421',
  severity: 'warning',
  title: 'one litetree priority twice for the same images',
  help: `A priority may be used again for another image. Two rows for the same image with one priority are searched in the order of
the file, which a sorted dump may change.

wrong:  "1","ALL","10.0.0.1:/a"   and   "1","ALL","10.0.0.1:/b"
right:  "1","ALL","10.0.0.1:/a"   and   "1.5","ALL","10.0.0.1:/b"`,
  message: ({ priority, line }) =>
    `priority ${priority} is that of line ${line} too, for the same images: the order in the file decides`,
  mend: () => 'give one of the rows another number; 1.5 stands between 1 and 2',
});

export const stateTwice = defineMessage<{ used: string; usedLine: number; other: string }>({
  code: 'LH422',
  severity: 'warning',
  title: 'nodes reached through two statelite rows',
  help: `The cookbook asks not to put groups with the same nodes in a table keyed by node. A node in two groups that both have a
statelite row gets the row of the group that comes first in its nodelist.groups: reordering the groups moves its state. A row for the
node itself is no such case, it is meant.`,
  message: ({ used, usedLine, other }) =>
    `these nodes are in '${used}' too, whose row (line ${usedLine}) is used; the row of '${other}' is not`,
  mend: ({ other }) => `give these nodes rows of their own, or take them out of '${other}'`,
});

export const stateEndsInNode = defineMessage<{ text: string }>({
  code: 'LH423',
  severity: 'warning',
  title: 'a state directory that ends in the name of the node',
  help: `A directory named after the node is added to statemnt: /state/n01 would hold the state in /state/n01/n01.

wrong:  "compute",,"cnfs:/gpfs/state/$node"
right:  "compute",,"cnfs:/gpfs/state"`,
  message: ({ text }) => `'${text}' ends in the node's name, which is added to it once more`,
  mend: () => 'end statemnt with the directory above it',
});

export const badMountOptions = defineMessage<{ text: string; why: string }>({
  code: 'LH424',
  severity: 'error',
  title: 'mount options that cannot be',
  help: `litetree.mntopts, statelite.mntopts and osimage.nfsrootopts hold NFS mount options, joined by commas, without blanks. They are
used in the initrd, where nobody can mend them: a node with options that contradict each other, or that make a shared tree writable or
the state read-only, would not come up or would harm others.

wrong:  "nolock, tcp"    "ro,rw"    "vers=4,udp"
right:  "nolock,tcp,vers=3,timeo=14"`,
  message: ({ text, why }) => `'${text}': ${why}`,
  mend: () => 'join options with commas only, such as nolock,tcp,vers=3',
});

export const doubtfulMountOption = defineMessage<{ option: string; why: string; nearest: string | undefined }>({
  code: 'LH425',
  severity: 'warning',
  title: 'a mount option that may not work',
  help: `An option that nfs(5) does not name makes mount fail on most systems, and one that needs a daemon or a ticket cannot work in an
initrd. It is passed on as it stands. The one word of litehouse's own is 'required', in litetree: nodes do not boot without that tree.

wrong:  "nolok,vers=3"
right:  "nolock,vers=3"`,
  message: ({ option, why }) => `'${option}' ${why}`,
  mend: ({ nearest }) =>
    nearest === undefined ? 'take it out, unless it is known to work' : `did you mean '${nearest}'?`,
});
