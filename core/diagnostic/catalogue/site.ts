/** Diagnostics of site keys that steer litehouse itself (LH35x). */
import { defineMessage } from '../diagnostic.ts';

export const badWaiver = defineMessage<{ key: string; why: string }>({
  code: 'LH351',
  severity: 'warning',
  title: 'a waiver that does not waive',
  help: `A site row litehouse.waive.CODE drops the warnings of that code; its value is the reason, for the next reader.
Errors cannot be waived: they stand for outputs that cannot be safe. Nor can a code that does not exist: litehouse help codes lists all.

wrong:  "litehouse.waive.LH310",""
right:  "litehouse.waive.LH310","rows of racks that arrive in March"`,
  message: ({ key, why }) => `'${key}' waives nothing: ${why}`,
  mend: () => 'name the code of a warning and write a reason of a few words, or remove the row',
});

export const unknownStrict = defineMessage<{ text: string }>({
  code: 'LH357',
  severity: 'warning',
  title: 'litehouse.strict is neither yes nor no',
  help: `litehouse.strict makes every warning an error, so that a push with one is refused: 1, yes, true or on. Empty, 0, no, false and
off leave warnings what they are. Any other word does nothing, which somebody who relies on it would not notice.

wrong:  "litehouse.strict","enabled"
right:  "litehouse.strict","yes"`,
  message: ({ text }) => `litehouse.strict '${text}' is neither yes nor no: warnings stay warnings`,
  mend: () => "write 'yes' or 'no'",
});

export const installlocWithServiceNodes = defineMessage<{ sign: string }>({
  code: 'LH352',
  severity: 'warning',
  title: 'site.installloc together with service nodes',
  help: `Service nodes serve statelite images from their own /install, which litehouse keeps in step. installloc tells them to mount one
from elsewhere instead; the cookbook asks not to set it where there are service nodes.

wrong:  "installloc","/install"    with rows in servicenode.csv
right:  no row installloc`,
  message: ({ sign }) => `installloc is set, and ${sign}`,
  mend: () => 'remove the row installloc from tables/site.csv',
});

export const unknownDialect = defineMessage<{ text: string }>({
  code: 'LH353',
  severity: 'error',
  title: 'a dialect that does not exist',
  help: `litehouse.dialect says which meaning the option words of litefile have: cookbook (April 2010) or later (from September 2010 on).
Any other word leaves open which files are links and which are mounts, and so nothing is planned.

wrong:  "litehouse.dialect","2010"
right:  "litehouse.dialect","later"`,
  message: ({ text }) => `litehouse.dialect '${text}' is neither cookbook nor later`,
  mend: () => "write 'cookbook' or 'later'",
});

export const unknownSiteKey = defineMessage<{ key: string; known: string; nearest: string | undefined }>({
  code: 'LH354',
  severity: 'warning',
  title: 'a site key of litehouse that does not exist',
  help: `Keys that begin with litehouse. steer litehouse itself; one that it does not know does nothing.

wrong:  "litehouse.strickt","1"
right:  "litehouse.strict","1"`,
  message: ({ key }) => `'${key}' is not a key that litehouse knows: it does nothing`,
  mend: ({ nearest, known }) => (nearest === undefined ? `known: ${known}` : `did you mean '${nearest}'?`),
});

export const badSiteDirectory = defineMessage<{ key: string; text: string; used: string }>({
  code: 'LH355',
  severity: 'error',
  title: 'site.installdir or site.tftpdir is not an absolute path',
  help: `Both stand at the head of every boot path and export. Falling back to another directory in silence would move all nodes there.

wrong:  "installdir","install"
right:  "installdir","/install"`,
  message: ({ key, text }) => `${key} '${text}' is not an absolute path of plain parts`,
  mend: ({ used }) => `write a path such as ${used}, or remove the row: that is the default`,
});

export const badSitePort = defineMessage<{ text: string }>({
  code: 'LH356',
  severity: 'warning',
  title: 'site.xcatdport is not a port',
  help: `The port stands in the kernel line, as XCAT=host:port: it is where nodes ask for their answer. A port is a number from 1 to 65535.

wrong:  "xcatdport","tcp/3001"
right:  "xcatdport","3001"`,
  message: ({ text }) => `xcatdport '${text}' is not a port: 3001 is used`,
  mend: () => 'write 3001, or the port that the node listener has',
});
