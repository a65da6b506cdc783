/** Diagnostics of the three core tables: litefile, litetree and statelite (LH4xx). */
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
    `write '${text.includes('persistent') ? 'persistent' : 'tmpfs'}', or set litehouse.dialect to cookbook in tables/site.csv`,
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
  help: `A tree is server:/path or /path; a state directory is server:/path. The path is absolute and has no part '..'.`,
  message: ({ text, why }) => `'${text}': ${why}`,
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
