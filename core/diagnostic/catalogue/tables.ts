/** What can be wrong with a table as a file: its header, its quoting, its values as text (LH101 to LH149). */
import { defineMessage } from '../diagnostic.ts';

const headerRule = `The first line of a table that is not blank is its header: # and the names of the columns, separated by commas.
Columns may be left out and may stand in any order; quotes and blanks around the names do not matter. Every later line
that begins with # is a comment, and so the comments of a file stand below its header.

  right:  #node,groups,comments,disable
          # the compute nodes of room 2
          "n01","compute,all",,
  wrong:  # the compute nodes of room 2
          #node,groups,comments,disable`;

const quoteRule = `A value may stand in double quotes, and must where it holds a comma or a quote; a quote inside is written twice.
Blanks before and after the quotes do not matter, other text there does.

  right:  "n01","compute,all","the ""old"" rack",
  right:  n01, "compute,all",,
  wrong:  "n01",compute "all",,
  wrong:  "n01","compute"all,,
  wrong:  "n01","compute,all,,`;

export const badUtf8 = defineMessage<{ byte: string }>({
  code: 'LH101',
  severity: 'error',
  title: 'a table is not UTF-8',
  help: `Tables are UTF-8 text. Bytes that are not are refused, since nobody can say which character was meant.
Files in another encoding (Latin-1, UTF-16) are converted first.

  right:  iconv -f LATIN1 -t UTF-8 litefile.csv`,
  message: ({ byte }) => `byte ${byte} is not UTF-8`,
  mend: () => 'save the file as UTF-8',
});

export const noHeader = defineMessage<{ found: string | undefined; header: string | undefined }>({
  code: 'LH102',
  severity: 'error',
  title: 'a table has no header',
  help: headerRule,
  message: ({ found }) =>
    found === undefined ? 'the table has no header line' : `the table has no header line: it begins with ${found}`,
  mend: ({ header }) =>
    header === undefined
      ? 'write # and the names of the columns as the first line'
      : `write this as the first line: ${header}`,
});

export const columnTwice = defineMessage<{ column: string }>({
  code: 'LH103',
  severity: 'error',
  title: 'a header names a column twice',
  help: `Each column has one name and stands once; otherwise a row would say two things about it.

  right:  #node,ip,hostnames
  wrong:  #node,ip,ip`,
  message: ({ column }) => `the header names the column '${column}' twice`,
  mend: () => 'remove one of the two, with its cells, or give it its right name',
});

export const columnMistyped = defineMessage<{ table: string; column: string; nearest: string }>({
  code: 'LH104',
  severity: 'error',
  title: 'a column name is mistyped',
  help: `A column that litehouse does not know is kept and warned about. But where its name is one or two letters from a
column that the header lacks, it is almost surely that column, and to ignore it would change what nodes get.

  right:  #image,file,options
  wrong:  #image,file,optionz`,
  message: ({ table, column }) => `${table} has no column '${column}'`,
  mend: ({ nearest }) => `write '${nearest}'; a column of your own needs a name that is further from it`,
});

export const columnUnknown = defineMessage<{ table: string; column: string }>({
  code: 'LH105',
  severity: 'warning',
  title: 'a column is not known',
  help: `litehouse keeps columns that it does not know, so that a dump of another version drops in. Nothing reads them,
except rows that name them as $table.column.`,
  message: ({ table, column }) => `${table} has no column '${column}'; it is kept, and nothing reads it`,
  mend: () => 'nothing, if you know of it; else remove the column',
});

export const columnUnnamed = defineMessage<Record<never, never>>({
  code: 'LH106',
  severity: 'error',
  title: 'a column has no name',
  help: `Between two commas of a header stands a name of printable characters. Surplus commas at its end do not matter.

  right:  #node,groups,comments,disable
  wrong:  #node,,comments,disable`,
  message: () => 'a column of the header has no readable name',
  mend: () => 'write the name of the column, or remove the comma',
});

export const noKeyColumn = defineMessage<{
  table: string;
  key: readonly string[];
  header: string;
  separator: string | undefined;
}>({
  code: 'LH107',
  severity: 'error',
  title: 'a header lacks the key',
  help: `${headerRule}

A header without the column that says what a row is about (node, imagename, …) makes all rows meaningless.`,
  message: ({ key, table }) => `the first line is not a header of ${table}: it does not name ${key.join(' or ')}`,
  mend: ({ header, separator }) =>
    separator === undefined
      ? `write the header as the first line, such as ${header}; comments stand below it`
      : `separate columns by commas, not by ${separator}, such as ${header}`,
});

export const secondHeader = defineMessage<{ first: number }>({
  code: 'LH108',
  severity: 'error',
  title: 'a table has a second header',
  help: `A line that begins with # below the header is a comment. A comment that is a header with other columns shows that two
files were put together, and the rows below it would be read with the wrong columns.

  wrong:  #node,groups
          "n01","all"
          #node,status,groups
          "n02","booted","all"`,
  message: ({ first }) => `another header, with other columns than line ${first}`,
  mend: ({ first }) => `bring the rows below into the columns of line ${first} and remove this line`,
});

export const tooManyColumns = defineMessage<{ columns: number; limit: number }>({
  code: 'LH109',
  severity: 'error',
  title: 'a header has too many columns',
  help: 'No table has more than a few dozen columns. A header with hundreds is a file of another kind, or one that lost its line ends.',
  message: ({ columns, limit }) => `the header names ${columns} columns; a table may have ${limit}`,
  mend: () => 'look at how the file came about: its line ends may be lost',
});

export const strayQuote = defineMessage<{ value: string | undefined }>({
  code: 'LH110',
  severity: 'error',
  title: 'a quote stands inside a value without quotes',
  help: quoteRule,
  message: ({ value }) =>
    `a quote inside a value that does not begin with one${value === undefined ? '' : `: ${value}`}`,
  mend: () => 'put the whole value in quotes and write quotes inside it twice, or remove the quote',
});

export const textAfterQuote = defineMessage<{ text: string | undefined }>({
  code: 'LH111',
  severity: 'error',
  title: 'text follows a closing quote',
  help: quoteRule,
  message: ({ text }) => `text between a closing quote and the next comma${text === undefined ? '' : `: ${text}`}`,
  mend: () => 'write a quote inside a value twice; write a comma after a value that is complete',
});

export const openQuote = defineMessage<{ line: number; meets: number | undefined }>({
  code: 'LH112',
  severity: 'error',
  title: 'a quote is not closed',
  help: quoteRule,
  message: ({ line, meets }) =>
    meets === undefined
      ? `the quote that begins on line ${line} is never closed`
      : `the quote that begins on line ${line} is not closed: the next quote, on line ${meets}, belongs to another value`,
  mend: ({ line }) => `write the closing quote on line ${line}`,
});

export const surplusValue = defineMessage<{ value: string | undefined; cell: number; columns: number }>({
  code: 'LH113',
  severity: 'error',
  title: 'a row has more values than the header has columns',
  help: `Any number of empty cells may follow the last column; a value there has no name. Most often a value that holds a comma
lacks its quotes, or a comma too many shifts the row.

  right:  "n01","compute,all",,
  right:  "ALL", "/etc/adjtime",,,,,,
  wrong:  n01,compute,all,rack1,,     (under #node,groups,comments,disable)`,
  message: ({ value, cell, columns }) =>
    `${value === undefined ? 'a value' : value} stands in cell ${cell}, but the header names ${columns} columns`,
  mend: () => 'remove it, or a comma before it; a value that holds a comma goes in quotes',
});

export const lineBreak = defineMessage<{ column: string | undefined }>({
  code: 'LH114',
  severity: 'error',
  title: 'a value spans lines',
  help: `Only comments may span lines. Anywhere else a line break is a closing quote that was forgotten, or a value that no boot
file, path or shell could hold.

  right:  "n01",,"bought in 2009
          moved in 2012",
  wrong:  "n01","all
          ",,`,
  message: ({ column }) => `a line break inside ${column === undefined ? 'a value' : `the value of ${column}`}`,
  mend: () => 'close the quote on its own line; only comments may span lines',
});

export const controlCharacter = defineMessage<{ character: string; column: string | undefined }>({
  code: 'LH115',
  severity: 'error',
  title: 'a value holds a control character',
  help: `Control characters (NUL, escape, …) can't be seen, and break boot files and terminals. Tabs and line breaks are
accepted in comments only; tabs around a value are blanks.`,
  message: ({ character, column }) =>
    `control character ${character} in ${column === undefined ? 'a value' : `the value of ${column}`}`,
  mend: () => 'remove it, or write a blank instead',
});

export const duplicateKey = defineMessage<{ table: string; key: string; line: number }>({
  code: 'LH116',
  severity: 'error',
  title: 'two rows have the same key',
  help: `Two rows in force about the same thing: nobody can say which one is meant. A row is switched off by a 1 in its column
disable; litetree refuses only rows that are the same in priority, image and directory.

  right:  "ALL","/etc/motd","ro",,
          "ALL","/etc/motd","con",,1
  wrong:  "ALL","/etc/motd","ro",,
          "ALL","/etc/motd","con",,`,
  message: ({ table, key, line }) => `${table} has a row for ${key} already, on line ${line}`,
  mend: ({ line }) =>
    `remove one of the two, or switch one off by a 1 in its column disable (the other is on line ${line})`,
});

export const noKey = defineMessage<{ table: string; key: readonly string[] }>({
  code: 'LH117',
  severity: 'warning',
  title: 'a row has no key',
  help: `A row without its key (the node, the image, …) is about nothing, and nothing reads it.

  wrong:  ,"10.1.0.7","n07",,        (under #node,ip,hostnames,comments,disable)`,
  message: ({ table, key }) => `this row of ${table} has no ${key.join(' or ')}, so it says nothing`,
  mend: ({ key }) => `fill in ${key.join(' or ')}, or remove the row`,
});

export const disableWord = defineMessage<{ value: string }>({
  code: 'LH118',
  severity: 'warning',
  title: 'a row is switched off by a word that looks like no',
  help: `A row is off when its column disable holds anything but nothing, 0 or no. So \`false\` switches it off.`,
  message: ({ value }) => `'${value}' in the column disable switches this row off`,
  mend: () => 'write 1 to keep it off; leave the cell empty to have the row in force',
});

export const moreProblems = defineMessage<{ count: number }>({
  code: 'LH119',
  severity: 'warning',
  title: 'more problems than are shown',
  help: 'A file shows at most 200 errors and 200 warnings. Mend some of them and look again.',
  message: ({ count }) => `${count} more problems of this file are not shown`,
  mend: () => 'mend those shown and look again',
});

export const unknownTable = defineMessage<{ table: string; nearest: string | undefined }>({
  code: 'LH120',
  severity: 'warning',
  title: 'a table is not known',
  help: `Any file tables/NAME.csv is kept, but nothing reads a table that neither litehouse nor a loaded plugin knows. Tables
of the original that litehouse has no use for are kept in silence.`,
  message: ({ table }) => `there is no table '${table}'; the file is kept, and nothing reads it`,
  mend: ({ table, nearest }) =>
    nearest === undefined
      ? 'nothing, if you know of it'
      : `did you mean '${nearest}'? then: git mv tables/${table}.csv tables/${nearest}.csv`,
});

export const notATable = defineMessage<{ file: string }>({
  code: 'LH121',
  severity: 'warning',
  title: 'a file among the tables is no table',
  help: `Tables are the files tables/NAME.csv, with a small .csv and directly in that folder. Other files there are not read.

  right:  tables/litefile.csv
  wrong:  tables/litefile.CSV, tables/old/litefile.csv, tables/litefile.csv.bak`,
  message: ({ file }) => `${file} is not read: it is no tables/NAME.csv`,
  mend: () => 'rename it to tables/NAME.csv, or move it out of tables/',
});

export const notAFile = defineMessage<{ file: string; kind: string }>({
  code: 'LH122',
  severity: 'error',
  title: 'a table is a link or a submodule',
  help: `A table is a regular file of the repository, so that every commit holds all of its own configuration.`,
  message: ({ file, kind }) => `${file} is a ${kind}, not a file`,
  mend: () => 'commit the file itself',
});

export const tooLarge = defineMessage<{ megabytes: number; limit: number }>({
  code: 'LH123',
  severity: 'error',
  title: 'a table is too large',
  help: 'A table is held in memory as one text. 256 MB are more than a million nodes need.',
  message: ({ megabytes, limit }) => `the file has ${megabytes} MB; a table may have ${limit}`,
  mend: () => 'look at how the file came about, and remove what is no configuration',
});
