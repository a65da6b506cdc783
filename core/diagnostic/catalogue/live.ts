/** Diagnostics of live files: what `images/<name>/rootimg` can't lay over the generations of an image (LH51x). */
import { defineMessage } from '../diagnostic.ts';

export const liveReserved = defineMessage<{ path: string }>({
  code: 'LH511',
  severity: 'error',
  title: 'a live file where nothing can be laid',
  help: `Files below images/<name>/rootimg/ are laid over every generation of the image. Below /proc, /sys and /dev a node mounts the
kernel's own, so that nobody would ever see them; /.default and /.statelite are what litehouse makes for the litefile rows.

wrong:  images/compute/rootimg/.default/etc/motd
right:  images/compute/rootimg/etc/motd    which goes into /.default by itself where a litefile row lists it`,
  message: ({ path }) => `${path} of an image can't be a live file`,
  mend: () => 'take the file out of images/<name>/rootimg, or lay it where a node sees it',
});

export const liveOverEntries = defineMessage<{ path: string; entry: string; image: string }>({
  code: 'LH512',
  severity: 'error',
  title: 'a live file where litefile rows need a directory',
  help: `A litefile row of the image lists a path below this one, so it is a directory in every generation, and a file can't be laid there.

wrong:  images/compute/rootimg/etc/ssh    a file, with the litefile row "ALL","/etc/ssh/sshd_config",""
right:  images/compute/rootimg/etc/ssh/sshd_config`,
  message: ({ path, entry, image }) => `${path} would be a file in image ${image}, and litefile lists ${entry}`,
  mend: ({ path }) => `rename the file, or take the rows below ${path} out of tables/litefile.csv`,
});

export const liveTwice = defineMessage<{ image: string; first: string; second: string }>({
  code: 'LH513',
  severity: 'error',
  title: 'live files of one image from two plugins',
  help: 'The live files of an image are one folder of the commit, laid by the plugin that builds the image. This is a fault of a plugin.',
  message: ({ image, first, second }) => `plugins ${first} and ${second} both plan live files of image ${image}`,
  mend: ({ second }) => `report it to the authors of ${second}; switching the plugin off lets other pushes through`,
});

export const heldInTheWay = defineMessage<{ root: string; path: string; what: string }>({
  code: 'LH514',
  severity: 'warning',
  title: 'a tree that running nodes have mounted is in the way',
  help: `The commit puts a file or a link where there is a published directory that nodes booted with and have mounted. Such a directory is
held until they boot again or are released, whatever is pushed: what is new waits, and everything else of the commit is in effect.

right:  litehouse release n01    once n01 is down, or may lose it: the path is made at once`,
  message: ({ root, path, what }) => `${root}:${path} can't be made yet: ${what}`,
  mend: () => 'litehouse status says for which nodes it is held; boot them again, or run: litehouse release NODERANGE',
});
