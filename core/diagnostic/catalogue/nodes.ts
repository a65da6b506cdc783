/** Diagnostics of groups, pattern cells, variables and noderanges (LH2xx). */
import { defineMessage } from '../diagnostic.ts';

/** What went wrong, and what to write instead, in the words of the reader that found it. */
interface Fault {
  readonly why: string;
  readonly mend: string;
}

const mend = (fault: Fault) => fault.mend;

export const patternError = defineMessage<Fault & { pattern: string }>({
  code: 'LH201',
  severity: 'error',
  title: 'a pattern cell that cannot be read',
  help: `A cell between bars is a pattern: |left|right|. Left is a regular expression that is looked for in the node's name, right
takes its place; $1 in right is the first group of left, and parentheses in right hold integer arithmetic. /left/right/
is the same without arithmetic, and |right| takes the numbers of the name as $1, $2, ... A pattern that can't be read
gives no node a value.

wrong:  "compute","|n(\\d+|10.0.0.($1+0)|"
right:  "compute","|n(\\d+)|10.0.0.($1+0)|"`,
  message: ({ pattern, why }) => `pattern ${pattern}: ${why}`,
  mend,
});

export const patternUnsupported = defineMessage<Fault & { pattern: string }>({
  code: 'LH202',
  severity: 'error',
  title: 'a pattern uses what is not offered here',
  help: `Patterns come from pushes, so they run in an engine whose time grows only with the length of the name. Such an engine has no
lookaround, no back references and no possessive quantifiers, and bounds the size of an expression. The functions that
later xCAT releases had in patterns (a2idx, a2zidx, dim2idx, skip, ipadd) are not offered.

wrong:  |n(?=\\d)(\\d+)|($1+0)|
right:  |n(\\d+)|($1+0)|`,
  message: ({ pattern, why }) => `pattern ${pattern}: ${why}`,
  mend,
});

export const patternNoMatch = defineMessage<{ pattern: string }>({
  code: 'LH203',
  severity: 'warning',
  title: 'a pattern does not match the names of some nodes',
  help: `A pattern in a group row is applied to each member of the group. A node whose name it does not match has no value in that
column; xCAT took the node's name for the value, which hid the mistake.

wrong:  group compute has n01 and login1, its row says |n(\\d+)|10.0.0.($1+0)|
right:  give login1 a row of its own, or another group`,
  message: ({ pattern }) => `pattern ${pattern} does not match the node's name: no value`,
  mend: () => 'give these nodes rows of their own, or change the left side so that it matches',
});

export const patternArithmetic = defineMessage<Fault & { pattern: string }>({
  code: 'LH204',
  severity: 'warning',
  title: 'the arithmetic of a pattern fails for some nodes',
  help: `Parentheses in the right side of a pattern are integer arithmetic, computed for each node. A group that caught something
other than digits, a division by zero and a result beyond 2^53 have no value: the column is empty for these nodes.

wrong:  |(.*)-(.*)|($1+1)|
right:  |\\D*(\\d+)-.*|($1+1)|`,
  message: ({ pattern, why }) => `pattern ${pattern}: ${why}`,
  mend,
});

export const templateError = defineMessage<Fault & { text: string }>({
  code: 'LH211',
  severity: 'error',
  title: 'a variable in a path that cannot be read',
  help: `litetree.directory and statelite.statemnt may hold $node (the node's name), $table.column (that node's value) and $site.key.
Braces let text follow: \${nodepos.rack}a. A dollar sign itself is $$.

wrong:  10.0.0.1:/syncdirs/$rack
right:  10.0.0.1:/syncdirs/$nodepos.rack`,
  message: ({ text, why }) => `'${text}': ${why}`,
  mend,
});

export const variableSecret = defineMessage<Fault & { text: string }>({
  code: 'LH216',
  severity: 'error',
  title: 'a variable that would show a secret',
  help: `The value of a variable becomes part of a mount: it stands in answers, in exports, in plans and logs, and any node can ask for
its own. A column that holds passwords, keys or communities is never put there, also where its cells are references or hashes.

wrong:  cnfs:/srv/$ipmi.password
right:  cnfs:/srv/$ipmi.bmc`,
  message: ({ text, why }) => `'${text}': ${why}`,
  mend,
});

export const variableUnknown = defineMessage<Fault & { text: string }>({
  code: 'LH212',
  severity: 'error',
  title: 'a variable names a table or column that does not exist',
  help: `$table.column names a column of a table keyed by node: one that litehouse knows, or one that the file's own header has. xCAT
put the word UNDEFINED into the path, and nodes then searched a directory of that name.

wrong:  10.0.0.1:/syncdirs/$nodepos.romo
right:  10.0.0.1:/syncdirs/$nodepos.room`,
  message: ({ text, why }) => `'${text}': ${why}`,
  mend,
});

export const commandRefused = defineMessage<Fault & { text: string }>({
  code: 'LH213',
  severity: 'error',
  title: '#CMD= in a path',
  help: `In xCAT, #CMD=command# in a path ran a command on the server, as root, each time a node asked. A push must never be a way to
run code on the server, and an answer must follow from the commit alone: so it is refused.

wrong:  10.0.0.1:/syncdirs/#CMD=hostname -s#
right:  10.0.0.1:/syncdirs/$site.cluster, and a row for cluster in tables/site.csv`,
  message: ({ text, why }) => `'${text}': ${why}`,
  mend,
});

export const valueMissing = defineMessage<{ variables: string; table: string }>({
  code: 'LH214',
  severity: 'warning',
  title: 'a variable in a path has no value for some nodes',
  help: `The row is left out for these nodes; the others use it. xCAT put the word UNDEFINED into the path instead. Give the nodes a
value in their own rows or in a row of one of their groups; where they are not meant, nothing need be done.`,
  message: ({ variables, table }) => `${variables} has no value for these nodes: the ${table} row is left out for them`,
  mend: ({ variables }) =>
    variables.split(', ').every((variable) => variable.startsWith('$site.'))
      ? `add a row for ${variables.replaceAll('$site.', '')} to tables/site.csv`
      : `give them a value for ${variables}, in node rows or group rows`,
});

export const valueRefused = defineMessage<Fault & { text: string }>({
  code: 'LH215',
  severity: 'warning',
  title: 'a value cannot stand in a path',
  help: `A value that is put into a path must not lead out of it with "..", must have no control characters, and in the server's place
must be a name or an address. The row is left out for these nodes.`,
  message: ({ text, why }) => `'${text}': ${why}`,
  mend,
});

export const noderangeError = defineMessage<Fault & { text: string }>({
  code: 'LH221',
  severity: 'error',
  title: 'a noderange that cannot be read',
  help: `A noderange names nodes and groups, joined by commas; ",-name" takes away, "@" keeps what both sides have; brackets and spans
count: n[01-04,07], n01-n04, n01+3; /n0.* is an expression for the whole name, nodetype.os==rhels5.5 a test.

wrong:  n[01-04
right:  n[01-04]`,
  message: ({ text, why }) => `noderange '${text}': ${why}`,
  mend,
});

export const noderangeUnknown = defineMessage<{ text: string; names: string }>({
  code: 'LH222',
  severity: 'warning',
  title: 'a noderange names what is neither a node nor a group',
  help: `Names in a noderange are nodes of nodelist.csv, groups that nodelist.groups names, or groups of nodegroup.csv. Others stand for
no node.`,
  message: ({ text, names }) => `noderange '${text}': ${names} is neither a node nor a group`,
  mend: () => 'correct the name, or add it to tables/nodelist.csv',
});

export const dynamicGroupError = defineMessage<Fault & { group: string }>({
  code: 'LH223',
  severity: 'error',
  title: 'a dynamic group that cannot be read',
  help: `A row of nodegroup.csv with grouptype dynamic has tests in wherevals, joined by "::", all of which must hold.

wrong:  "dyn","dynamic",,,"os is rhels5.5"
right:  "dyn","dynamic",,,"os==rhels5.5::arch==x86_64"`,
  message: ({ group, why }) => `dynamic group '${group}': ${why}`,
  mend,
});
