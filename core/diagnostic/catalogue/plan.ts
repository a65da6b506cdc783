/** Diagnostics of planning: what plugins claim, and what a push would run into (LH5xx). */
import { defineMessage } from '../diagnostic.ts';

/** Never by switching the plugin off: the next push would take away all that it has made, boot files among it. */
const pluginMend = ({ plugin }: { readonly plugin: string }): string =>
  `take back the row that this push changed (what is in effect stays), and report it to the authors of ${plugin}`;

export const twoClaims = defineMessage<{ root: string; path: string; first: string; second: string }>({
  code: 'LH501',
  severity: 'error',
  title: 'one path is claimed twice',
  help: `Two plugins, or two nodes under one plugin, want different things at one path. Whichever were written last would win, so
nothing is.`,
  message: ({ root, path, first, second }) => `${root}:${path} is claimed by ${first} and by ${second}`,
  mend: () => 'give the nodes different names, addresses and MACs, or switch one of the plugins off',
});

export const notADirectory = defineMessage<{ root: string; path: string; by: string }>({
  code: 'LH502',
  severity: 'error',
  title: 'a path is wanted as a file and as a directory',
  help: 'Something is to be put below a path that is claimed as a file or link.',
  message: ({ root, path, by }) => `${root}:${path} is a file or link of ${by}, and other outputs lie below it`,
  mend: () => 'rename one of the two',
});

export const badOutput = defineMessage<{ plugin: string; what: string }>({
  code: 'LH503',
  severity: 'error',
  title: 'a plugin planned something that cannot be',
  help: `This is a fault of the plugin named: whatever the configuration says, it should have refused that itself, at the row. What is in
effect stays as it is, and so do the nodes. Do not switch the plugin off: all that it has made would be taken away.`,
  message: ({ plugin, what }) => `plugin ${plugin}: ${what}`,
  mend: pluginMend,
});

export const blockedPath = defineMessage<{ root: string; path: string; what: string }>({
  code: 'LH504',
  severity: 'warning',
  title: 'a path that litehouse does not own is in the way',
  help: `Something that litehouse did not make stands where an output belongs. It is never overwritten unless it is adopted by name.
Until then the output is missing, and status lists it as blocked.`,
  message: ({ root, path, what }) => `${root}:${path} exists (${what}) and is not litehouse's: it is left alone`,
  mend: ({ root, path }) =>
    `move it away and run: litehouse apply   or take it over: litehouse apply --adopt ${root}:${path}`,
});

export const pluginFailed = defineMessage<{ plugin: string; hook: string; why: string }>({
  code: 'LH505',
  severity: 'error',
  title: 'a plugin failed while planning',
  help: `This is a fault of the plugin named: planning is pure and must not throw. What is in effect stays as it is, and so do the nodes.
Do not switch the plugin off: all that it has made would be taken away.`,
  message: ({ plugin, hook, why }) => `plugin ${plugin} failed in ${hook}: ${why}`,
  mend: pluginMend,
});
