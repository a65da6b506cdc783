/** What boot loader plugins find in the tables: LH801 to LH810, whichever loader it is. */
import { defineMessage } from '../diagnostic.ts';

export const lineTooLong = defineMessage<{ node: string; loader: string; bytes: number; limit: number }>({
  code: 'LH801',
  severity: 'error',
  title: 'kernel line too long',
  help: `Loaders and kernels cut a command line off after a fixed number of bytes, without a word, and the node then boots
without its last arguments: 2047 on x86 (where pxelinux puts BOOT_IMAGE= in front), 511 on POWER until the kernels of 2015. Each
loader plugin has an option maxCommandLine. Right: a few words in bootparams.addkcmdline. Wrong: settings that the image could hold, repeated for each node.`,
  message: ({ node, loader, bytes, limit }) =>
    `the kernel line of ${node} has ${bytes} bytes, ${loader} passes on ${limit}`,
  mend: () => 'shorten bootparams.addkcmdline or linuximage.addkcmdline, or move settings into the image',
});

export const unsafeText = defineMessage<{ text: string; why: string }>({
  code: 'LH802',
  severity: 'error',
  title: 'text that a boot file cannot hold',
  help: `A boot file is read line by line and a kernel line word by word, so a blank or a line break inside a value would
become another argument or another directive. Only addkcmdline may hold several words, on one line.
Right: statemnt "cnfs:/gpfs/state". Wrong: statemnt "cnfs:/gpfs/my state".`,
  message: ({ text, why }) => `${JSON.stringify(text)} ${why}, which a boot file cannot hold`,
  mend: () => 'write the value without it',
});

export const relativeNfsdir = defineMessage<{ text: string }>({
  code: 'LH803',
  severity: 'error',
  title: 'noderes.nfsdir is not absolute',
  help: `noderes.nfsdir takes the place of the installdir in NFSROOT. It starts with one slash (netboot/OS/ARCH/PROFILE is
added) or with two (used exactly). Right: "/vol/xCAT/install", "//vol/images/compute". Wrong: "vol/install".`,
  message: ({ text }) => `noderes.nfsdir "${text}" does not start with a slash`,
  mend: ({ text }) => `write "/${text}"`,
});

export const consoleIncomplete = defineMessage<{ column: string; other: string }>({
  code: 'LH804',
  severity: 'warning',
  title: 'half a serial console',
  help: `The console words of the kernel line need both nodehm.serialport and nodehm.serialspeed; with one alone the node
gets no console words. Right: "0","115200". Wrong: "0", and an empty speed.`,
  message: ({ column, other }) => `nodehm.${column} is set but nodehm.${other} is not, so there are no console words`,
  mend: ({ other }) => `fill in nodehm.${other}`,
});

export const ownWord = defineMessage<{ word: string }>({
  code: 'LH805',
  severity: 'warning',
  title: 'addkcmdline repeats a word of ours',
  help: `NFSROOT, STATEMNT, XCAT, LHGEN and initrd are written by litehouse from the tables. A second one makes it a
matter of chance which of the two the node believes. Right: set noderes.nfsserver. Wrong: addkcmdline "NFSROOT=...".`,
  message: ({ word }) => `addkcmdline brings "${word}=", which litehouse writes itself`,
  mend: () => 'take it out, and set the table column that it comes from',
});

export const unknownLoader = defineMessage<{ word: string | undefined; nearest: string | undefined }>({
  code: 'LH806',
  severity: 'warning',
  title: 'no plugin writes boot files for this noderes.netboot',
  help: `noderes.netboot says which loader a node boots with, and so which plugin writes its boot files: pxe (or pxelinux)
or yaboot. A node with another word, or with none, has a state but nothing to boot from.
Right: "pxe". Wrong: "pxee", or an empty cell.`,
  message: ({ word }) =>
    word === undefined
      ? 'noderes.netboot is empty, so there is no boot file'
      : `no boot file: netboot "${word}" is not known`,
  mend: ({ nearest }) => (nearest === undefined ? 'set noderes.netboot to pxe' : `did you mean "${nearest}"?`),
});

export const unexpandedWord = defineMessage<{ word: string }>({
  code: 'LH808',
  severity: 'warning',
  title: 'addkcmdline asks for a table value',
  help: `Later versions of the original filled #NODEATTRIB:table:column# and #TABLE:...# into addkcmdline. litehouse does
not: the word reaches the kernel as it stands. Right: a group row for each value. Wrong: "x=#NODEATTRIB:nodepos:rack#".`,
  message: ({ word }) => `"${word}" in addkcmdline is not filled in`,
  mend: () => 'write the value itself, in one row for each group of nodes',
});

export const everybodysName = defineMessage<{ name: string }>({
  code: 'LH809',
  severity: 'error',
  title: 'a name under which every machine asks',
  help: `A machine that finds no file of its own asks the loader's server for "default" last. A node of that name would
give its image to every machine of the network that is switched on with network boot. The same holds for an interface of that
name in mac.mac. Right: a node "spare". Wrong: a node "default".`,
  message: ({ name }) => `a boot file named "${name}" would be every unknown machine's`,
  mend: () => 'give the node (or the interface in mac.mac) another name',
});

export const othersName = defineMessage<{ name: string }>({
  code: 'LH810',
  severity: 'warning',
  title: 'a name under which other machines ask',
  help: `pxelinux asks for its machine's UUID, for 01- and its mac, and for its address in upper-case hex, shortened digit by
digit: 0A000101, 0A00010, and at last 0. A node that is named so gets its boot file read by the machines whose address or mac that is.
Right: "n01", or "c0a8" in lower case. Wrong: "C0A8", which all machines of 192.168.0.0/16 may find.`,
  message: ({ name }) => `pxelinux asks for "${name}" on machines whose address or mac it stands for`,
  mend: () => 'give the node another name, or the same in lower case',
});
