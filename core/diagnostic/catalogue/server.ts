/** What keeps a server from starting: its settings file and its plugins (LH9xx). */
import { defineMessage } from '../diagnostic.ts';

const settingsHelp = `The settings file is DIR/litehouse.json, beside the repository and never in it. All of it is optional:

  {
    "nodeListen": "10.0.0.1:3001",
    "adminListen": "127.0.0.1:3080",
    "roots": { "tftp": "/tftpboot", "install": "/install" },
    "images": "external",
    "plugins": { "yaboot": false, "litehouse-plugin-dns": { "zone": "cluster" } }
  }`;

export const settingsUnreadable = defineMessage<{ problem: string }>({
  code: 'LH901',
  severity: 'error',
  title: 'the settings file cannot be read',
  help: `${settingsHelp}

Right:  "reloads": true
Wrong:  'reloads': true,      (JSON has double quotes, and no comma before a closing brace)`,
  message: ({ problem }) => `the settings file cannot be read: ${problem}`,
  mend: () => 'write one JSON object with double quotes and no final comma',
});

export const settingUnknown = defineMessage<{ key: string; nearest: string | undefined; known: readonly string[] }>({
  code: 'LH902',
  severity: 'error',
  title: 'a setting that litehouse does not know',
  help: `A misspelt setting that is passed over does harm in silence, so an unknown one stops the server.

${settingsHelp}

Right:  "adminListen": "127.0.0.1:3080"
Wrong:  "adminListner": "127.0.0.1:3080"`,
  message: ({ key }) => `unknown setting ${JSON.stringify(key)}`,
  mend: ({ nearest, known }) =>
    nearest === undefined ? `known settings here: ${known.join(', ')}` : `write ${JSON.stringify(nearest)}`,
});

export const settingWrong = defineMessage<{ key: string; problem: string; mend: string }>({
  code: 'LH903',
  severity: 'error',
  title: 'a setting with a value that does not fit',
  help: `${settingsHelp}

Right:  "images": "built"
Wrong:  "images": "yes"`,
  message: ({ key, problem }) => `setting ${JSON.stringify(key)}: ${problem}`,
  mend: ({ mend }) => mend,
});

export const pluginNotFound = defineMessage<{ name: string; nearest: string | undefined; own: readonly string[] }>({
  code: 'LH911',
  severity: 'error',
  title: 'a plugin that is not there',
  help: `A name in "plugins" is one of litehouse's own plugins, an npm package that is installed in the server's directory
(or beside litehouse), or a path that starts with ./ or /. Code from the pushed repository is never loaded.

Right:  "plugins": { "pxelinux": true, "litehouse-plugin-dns": { "zone": "cluster" } }
Wrong:  "plugins": { "pxelinx": true }`,
  message: ({ name }) => `plugin ${JSON.stringify(name)} is neither one of litehouse's own nor an installed package`,
  mend: ({ name, nearest, own }) =>
    nearest === undefined
      ? `run: npm install ${name}   (own plugins: ${own.join(', ')})`
      : `write ${JSON.stringify(nearest)}, or install the package`,
});

export const pluginBroken = defineMessage<{ name: string; problem: string }>({
  code: 'LH912',
  severity: 'error',
  title: 'a plugin that cannot be loaded',
  help: `The package was found, but loading it threw an error, or it exports no plugin. A plugin package exports it as
its default:

  import { definePlugin } from 'litehouse/plugin';
  export default definePlugin({ name: 'dns', contract: 1, … });

A server that starts without a plugin that it was told to load would take that plugin's files away from the cluster,
so it does not start at all.`,
  message: ({ name, problem }) => `plugin ${JSON.stringify(name)} cannot be loaded: ${problem}`,
  mend: ({ name }) => `mend the package, or take ${JSON.stringify(name)} out of "plugins"`,
});

export const pluginContract = defineMessage<{ name: string; contract: number; ours: number }>({
  code: 'LH913',
  severity: 'error',
  title: 'a plugin written for another contract',
  help: `A plugin says for which version of the plugin contract it was written, and litehouse has exactly one. Another
version may mean other things by the same words, so the plugin is refused rather than tried.

Right:  contract: 1
Wrong:  contract: 2      (with a litehouse of contract 1)`,
  message: ({ name, contract, ours }) =>
    `plugin ${name} was written for contract ${contract}; this litehouse has ${ours}`,
  mend: ({ name, contract, ours }) =>
    `install a version of ${name} for contract ${ours}, or a litehouse of contract ${contract}`,
});

export const pluginTwice = defineMessage<{ name: string }>({
  code: 'LH914',
  severity: 'error',
  title: 'two plugins of one name',
  help: `Every path of the world is owned by a plugin, by name. Two of one name could not be told apart.

Right:  one plugin of each name; switch an own one off to put another in its place:  "plugins": { "rh": false, "./my-rh.js": true }
Wrong:  "plugins": { "./my-rh.js": true }      (its name is "rh" as well)`,
  message: ({ name }) => `two plugins are called ${JSON.stringify(name)}`,
  mend: ({ name }) => `rename one, or switch litehouse's own off: "plugins": { "${name}": false, … }`,
});

export const pluginReads = defineMessage<{
  name: string;
  table: string;
  column: string | undefined;
  nearest: string | undefined;
}>({
  code: 'LH915',
  severity: 'error',
  title: 'a plugin that reads what no table has',
  help: `A plugin declares the tables and columns that it reads; each must be in a schema, litehouse's own or one that the
plugin adds. So a misspelt column is found when the server starts and not as an empty value on a node.

Right:  reads: { noderes: ['netboot'] }
Wrong:  reads: { noderes: ['netbot'] }`,
  message: ({ name, table, column }) =>
    `plugin ${name} reads ${column === undefined ? `table ${table}` : `${table}.${column}`}, which no schema has`,
  mend: ({ nearest }) =>
    nearest === undefined ? 'add the table to the plugin, or take it out of `reads`' : `read ${nearest}`,
});

export const pluginOption = defineMessage<{ name: string; option: string; problem: string; mend: string }>({
  code: 'LH916',
  severity: 'error',
  title: 'an option that a plugin does not take',
  help: `The options of a plugin stand in the settings file under its name. Unknown options and values that do not fit stop
the server: passed over, they would do harm in silence.

Right:  "plugins": { "nfs-exports": { "form": "ganesha" } }
Wrong:  "plugins": { "nfs-exports": { "from": "ganesha" } }`,
  message: ({ name, option, problem }) =>
    `plugin ${name}: ${option === '' ? '' : `option ${JSON.stringify(option)}: `}${problem}`,
  mend: ({ mend }) => mend,
});

export const pluginAfter = defineMessage<{ name: string; after: string; loop: boolean }>({
  code: 'LH917',
  severity: 'error',
  title: 'a plugin that needs another',
  help: `A plugin names in \`after\` those that must be loaded before it. litehouse orders them by itself; it can't where one is
missing or switched off, or where two wait for each other.`,
  message: ({ name, after, loop }) =>
    loop
      ? `plugins ${name} and ${after} each want to be loaded after the other`
      : `plugin ${name} needs plugin ${after}, which is not loaded`,
  mend: ({ name, after, loop }) =>
    loop ? `take one of the two out of "plugins"` : `switch ${after} on in "plugins", or switch ${name} off`,
});
