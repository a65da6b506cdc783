/** Diagnostics of resolution: what a node's rows say, and why no safe boot set can be made of them (LH3xx). */
import { defineMessage } from '../diagnostic.ts';

export const unknownState = defineMessage<{ word: string }>({
  code: 'LH301',
  severity: 'warning',
  title: 'chain.currstate names no state that litehouse knows',
  help: `The first word of chain.currstate is the node's boot state: statelite, boot, shell or offline. Any other word means
that the node gets no boot files.

wrong:  "n01","statlite"
right:  "n01","statelite"`,
  message: ({ word }) => `state '${word}' is not one of statelite, boot, shell, offline: no boot files are made`,
  mend: () => 'write one of the four words in chain.currstate',
});

export const missingAttribute = defineMessage<{ column: string }>({
  code: 'LH302',
  severity: 'warning',
  title: 'a node in state statelite or shell lacks os, arch or profile',
  help: `A node that boots statelite needs nodetype.os, nodetype.arch and nodetype.profile, in its own row or in a row of one of
its groups. Without them no boot file is made for it, and its answer is a refusal that says so.

wrong:  nodetype "compute","rhels5.5",,"compute"
right:  nodetype "compute","rhels5.5","x86_64","compute"`,
  message: ({ column }) => `${column} has no value: no boot file can be made`,
  mend: ({ column }) => `fill ${column} in the node's row or a group's row of tables/${column.split('.')[0]}.csv`,
});

export const unknownImage = defineMessage<{ image: string; nearest: string | undefined }>({
  code: 'LH303',
  severity: 'warning',
  title: 'a node names an image that osimage.csv does not have',
  help: `nodetype.provmethod names the osimage of a node. Where it is empty or the word statelite, the image is looked for as
<os>-<arch>-statelite-<profile> and then as <os>-<arch>-<profile>. There has to be a row for it in tables/osimage.csv.

wrong:  provmethod "compute-imgae"
right:  provmethod "compute-image", and an osimage row of that name`,
  message: ({ image }) => `there is no osimage '${image}': no boot file can be made`,
  mend: ({ image, nearest }) =>
    nearest === undefined ? `add a row for '${image}' to tables/osimage.csv` : `did you mean '${nearest}'?`,
});

export const noAddress = defineMessage<Record<string, never>>({
  code: 'LH304',
  severity: 'warning',
  title: 'a node in state statelite or shell has no address',
  help: `The address that a node asks from is how its answer is found, and boot loaders look for files by it. It comes from
hosts.ip (and hosts.otherinterfaces), never from DNS.

wrong:  no row in tables/hosts.csv for n01 or a group of it
right:  "n01","10.0.0.7"`,
  message: () => 'hosts.ip has no value: no boot file can be made',
  mend: () =>
    String.raw`add a row to tables/hosts.csv, or a pattern row for a group: "compute","|n(\d+)|10.0.0.($1+0)|"`,
});

export const badAddress = defineMessage<{ text: string; column: string }>({
  code: 'LH305',
  severity: 'warning',
  title: 'an address cannot be read',
  help: `hosts.ip holds one IPv4 or IPv6 address. hosts.otherinterfaces holds name:address pairs, joined by commas; a name that
starts with a hyphen is appended to the node's name: "-ib0:10.1.0.7".

wrong:  "n01","10.0.0"
right:  "n01","10.0.0.7"`,
  message: ({ text, column }) => `'${text}' in ${column} is not an address`,
  mend: () => 'write an address such as 10.0.0.7',
});

export const noImageServer = defineMessage<Record<string, never>>({
  code: 'LH306',
  severity: 'warning',
  title: 'nothing says who serves the image',
  help: `The server of the root image is noderes.nfsserver, else noderes.tftpserver, else noderes.xcatmaster, else the service
node or site.master as it is seen from the node's network, else site.master. None of them has a value.

right:  site "master","10.0.0.1"`,
  message: () => 'no image server: noderes.nfsserver and site.master have no value',
  mend: () => 'fill the key master in tables/site.csv',
});

export const noStateMount = defineMessage<{ path: string; more: number }>({
  code: 'LH307',
  severity: 'warning',
  title: 'persistent files without a state mount',
  help: `An entry with option persistent keeps its content on the directory that the statelite table names. For this node no
row of tables/statelite.csv gives one. Keeping the files in memory instead would lose them silently, so no boot file is made.

wrong:  litefile "ALL","/etc/machine-id","persistent"    and no row in tables/statelite.csv
right:  the same, and statelite "compute",,"cnfs:/state"`,
  message: ({ path, more }) =>
    `${path}${more > 0 ? ` and ${more} more` : ''} must be persistent, but statelite.statemnt has no value`,
  mend: () => 'add a row to tables/statelite.csv for the node or one of its groups, or change the option',
});

export const incompleteImage = defineMessage<{ image: string; column: string }>({
  code: 'LH308',
  severity: 'warning',
  title: 'an osimage row lacks osvers, osarch or profile',
  help: `Boot paths are made of the osimage's own osvers, osarch and profile; an image that lacks one cannot be booted.

wrong:  osvers "red hat/5"
right:  osvers "rhels5.5"`,
  message: ({ image, column }) =>
    `osimage '${image}': ${column} is empty or cannot be part of a path, so its nodes get no boot files`,
  mend: ({ column }) => `fill ${column} in the row, without slashes and blanks`,
});

export const unresolvedServer = defineMessage<{ name: string }>({
  code: 'LH309',
  severity: 'warning',
  title: 'a server name is not in the hosts table',
  help: `An initrd cannot resolve names, so litehouse writes addresses into NFSROOT, STATEMNT, XCAT and answers. It looks them up
in tables/hosts.csv only, never in DNS. A name without a row is written as it stands, and the node may not find it.

wrong:  noderes.nfsserver "filer"    and no row for filer in hosts.csv
right:  the same, and hosts "filer","10.0.0.2"`,
  message: ({ name }) => `the server name '${name}' has no row in tables/hosts.csv: it is written as it stands`,
  mend: ({ name }) => `add a row: "${name}","10.0.0.2"`,
});

export const unknownGroup = defineMessage<{ key: string; table: string; nearest: string | undefined }>({
  code: 'LH310',
  severity: 'warning',
  title: 'a row is for a node or group that nobody has',
  help: `The key of this row is neither a node of tables/nodelist.csv nor a group that any node lists there (nor a row of
nodegroup.csv), so the row does nothing.

wrong:  noderes "comptue","pxe"
right:  noderes "compute","pxe"`,
  message: ({ key, table }) => `'${key}' in ${table} is neither a node nor a group`,
  mend: ({ nearest }) =>
    nearest === undefined ? 'remove the row, or add the node or group to nodelist.csv' : `did you mean '${nearest}'?`,
});

export const badNodeName = defineMessage<{ name: string }>({
  code: 'LH311',
  severity: 'error',
  title: 'a node name that cannot be a file name or a host name',
  help: `Node names become file names of boot files and state directories. They consist of letters, digits, '.', '_' and '-', and
start with a letter or digit; as in DNS, 253 of them are the most, and 63 between two dots.

wrong:  "rack1/n01"
right:  "rack1-n01"`,
  message: ({ name }) => `'${name.length > 80 ? `${name.slice(0, 80)}…` : name}' cannot be a node name`,
  mend: ({ name }) =>
    name.length > 63
      ? 'shorten it: at most 253 characters, 63 between two dots'
      : "use letters, digits, '.', '_' and '-' only, starting with a letter or digit",
});

export const duplicateAddress = defineMessage<{ address: string; node: string; other: string; otherAt: string }>({
  code: 'LH312',
  severity: 'error',
  title: 'two nodes have one address',
  help: `A node is known by the address it asks from; two nodes with one address would both be refused, and one would get the
other's boot file.

wrong:  hosts "compute","10.0.0.7"
right:  hosts "compute","|n(\\d+)|10.0.0.($1+10)|"`,
  message: ({ address, node, other, otherAt }) => `address ${address} of ${node} is also that of ${other} (${otherAt})`,
  mend: () => 'give each node its own address in tables/hosts.csv',
});

export const duplicateMac = defineMessage<{ mac: string; node: string; other: string; otherAt: string }>({
  code: 'LH313',
  severity: 'error',
  title: 'two nodes have one MAC address',
  help: `Boot files are named after the MAC address; two nodes with one would get each other's file.

wrong:  "n01",,"00:1a:2b:3c:4d:5e"    and    "n02",,"00:1a:2b:3c:4d:5e"
right:  each node its own`,
  message: ({ mac, node, other, otherAt }) => `MAC ${mac} of ${node} is also that of ${other} (${otherAt})`,
  mend: () => 'give each node its own MAC in tables/mac.csv',
});

export const badMac = defineMessage<{ text: string }>({
  code: 'LH314',
  severity: 'warning',
  title: 'a MAC address cannot be read',
  help: `mac.mac holds MAC, or MAC!hostname, several joined by '|'. A MAC is six pairs of hex digits, joined by colons or hyphens.
MAC!*NOIP* is an interface that gets no address.

wrong:  "n01",,"001a2b3c4d5e"
right:  "n01",,"00:1a:2b:3c:4d:5e"`,
  message: ({ text }) => `'${text}' is not a MAC address: no boot file is named after it`,
  mend: () => 'write it as 00:1a:2b:3c:4d:5e',
});

export const unresolvedServiceNode = defineMessage<{ name: string; instead: string }>({
  code: 'LH316',
  severity: 'warning',
  title: 'a service node is not in the hosts table',
  help: `noderes.servicenode names the hosts that serve a node, the first that tables/hosts.csv knows. One without a row there has no
address that could stand in a boot file, so the next one of the list is used, and after the last the management node.

wrong:  noderes "rack1","sn1"    and no row for sn1 in hosts.csv
right:  noderes "rack1","sn1"    and hosts "sn1","10.0.0.50"`,
  message: ({ name, instead }) =>
    `the service node '${name}' has no row in tables/hosts.csv: ${instead} is used instead`,
  mend: ({ name }) => `add a row: "${name}","10.0.0.50"`,
});

export const noState = defineMessage<Record<string, never>>({
  code: 'LH317',
  severity: 'warning',
  title: 'a node without a state',
  help: `chain.currstate says what a node does at its next boot, in its own row or in a row of one of its groups. A node without a value
there gets no boot files: whatever it booted before, it will not boot again. A host that never boots from here, such as a service
node on its own disk, is said so with the state boot.

wrong:  no row in tables/chain.csv for n01 or a group of it
right:  "n01","statelite"`,
  message: () => 'chain.currstate has no value: no boot files are made',
  mend: () => 'write statelite, boot, shell or offline in chain.currstate, in node rows or group rows',
});

export const missingTable = defineMessage<{ file: string }>({
  code: 'LH315',
  severity: 'error',
  title: 'there is no nodelist table',
  help: `Nodes are the rows of tables/nodelist.csv. Without the file every node would lose its boot files, which is hardly ever meant.
A cluster that really has no node has a nodelist with nothing but its header: #node,groups,comments,disable`,
  message: ({ file }) => `${file} is missing: every node would lose its boot files`,
  mend: () => 'bring it back (git checkout HEAD~1 -- tables/nodelist.csv), or write one with its header only',
});
