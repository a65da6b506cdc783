/** Diagnostics of checks across tables that are not about one core table: secrets, images, paths (LH32x). */
import { defineMessage } from '../diagnostic.ts';

export const clearSecret = defineMessage<{ table: string; column: string }>({
  code: 'LH321',
  severity: 'error',
  title: 'a secret in clear',
  help: `What is pushed stays in the history of the repository for everybody who may read it, for ever. So columns that hold passwords and
keys take a crypt hash ($6$..., $5$..., $y$..., * or ! for none), or a reference to a secret that is kept outside git.
'litehouse import DUMPDIR' moves the clear values of a dump out as it brings the dump in. If this one was pushed anywhere before,
change it.

wrong:  "system","root","cluster"
right:  "system","root","$6$salt$..."    or    "system","root","secret:root"`,
  message: ({ table, column }) => `${table}.${column} holds a secret in clear (it is not shown here)`,
  mend: () => "write a hash (openssl passwd -6), or 'secret:NAME' and keep the value outside git",
});

export const privateKeyText = defineMessage<{ what: string }>({
  code: 'LH322',
  severity: 'error',
  title: 'a private key in a table or a list',
  help: `A private key in a commit is readable for everybody who may read the repository, for ever. Keep it outside git, and let nodes
get it from a directory that only root can read.

wrong:  a .postinstall that holds the text of id_rsa
right:  a .postinstall that makes a key, or an overlay on a server of yours with mode 0600`,
  message: ({ what }) => `${what} holds a private key (it is not shown here)`,
  mend: () => 'take it out, keep it outside git, and make a new key: this one has been seen',
});

export const twoImagesOneTree = defineMessage<{ image: string; other: string; place: string }>({
  code: 'LH323',
  severity: 'warning',
  title: 'two images that nodes boot share one root tree',
  help: `Nodes boot both images, and both rows lead to one directory. The links that the litefile rows of one image ask for would be made
in the tree of the other, and a change to one shows in both. Images that litehouse builds each have a tree of their own.

wrong:  "one",...,"compute","rhels5.5","x86_64"    and   "two",...,"compute","rhels5.5","x86_64"
right:  "one",...,"compute","rhels5.5","x86_64"    and   "two",...,"compute2","rhels5.5","x86_64"`,
  message: ({ image, other, place }) => `images '${other}' and '${image}' share ${place}`,
  mend: () => 'give one of them a profile (or linuximage.rootimgdir) of its own, or let all nodes boot one of the two',
});

export const imageOfOtherKind = defineMessage<{ image: string; column: string; text: string }>({
  code: 'LH324',
  severity: 'warning',
  title: 'nodes boot an image that is not a statelite one',
  help: `osimage.provmethod and rootfstype say what an image was made for. Nodes in state statelite or shell mount its tree read-only over
NFS; an image for installing, or one packed as a ramdisk, has no such tree.

wrong:  provmethod "netboot", rootfstype "ramdisk"
right:  provmethod "statelite", rootfstype "nfs" or nothing`,
  message: ({ image, column, text }) => `nodes boot '${image}' statelite, but its ${column} is '${text}'`,
  mend: ({ column }) =>
    column === 'rootfstype' ? 'write nfs' : 'write statelite, or name another image in nodetype.provmethod',
});

export const badImageName = defineMessage<{ name: string }>({
  code: 'LH325',
  severity: 'error',
  title: 'an image name that cannot be a directory name',
  help: `images/<imagename>/ holds the files of an image, and generations are kept by its name. So it has no slash, no blank and does not
start with a dot.

wrong:  "rhels5.5/compute"
right:  "rhels5.5-x86_64-statelite-compute"`,
  message: ({ name }) => `'${name}' cannot be the name of an image`,
  mend: () => "use letters, digits, '.', '_', '+' and '-' only, starting with a letter or digit, at most 255",
});

export const climbingPath = defineMessage<{ table: string; column: string; text: string }>({
  code: 'LH326',
  severity: 'error',
  title: 'a path that climbs',
  help: `A path with a part '..' leads somewhere else than it says, and may leave the directories that litehouse may touch or export.

wrong:  "/install/../home"
right:  "/home"`,
  message: ({ table, column, text }) => `${table}.${column} '${text}' climbs with '..'`,
  mend: () => 'write the path that it leads to',
});
