/** Diagnostics of images: lists of packages, repositories, linuximage columns, and what an image can't be built from (LH76x, LH77x). */
import { defineMessage } from '../diagnostic.ts';

/** Why most of these are warnings: an image that can't be built hurts nobody, its nodes keep what they booted. */

export const unsafeName = defineMessage<{ text: string; why: string }>({
  code: 'LH761',
  severity: 'error',
  title: 'a package name that could be something else',
  help: `Names in a list become arguments of the package manager. One that could be read as an option, as a file of the server or as a
removal would do there what no list should: so a name begins with a letter or a digit, has only letters, digits and . _ + ~ : - * ?
[ ], and is no package file. "-name" removes a package before, "--name" after the pass; a folder before a name is for otherpkgs
lists only; "@group" is a group; "name=version" a version.

wrong:  --installroot=/
right:  --name`,
  message: ({ text, why }) => `'${text}' can't be taken as a package: ${why}`,
  mend: () => "write one package name a line: letters, digits and '. _ + ~ : -'",
});

export const nearDirective = defineMessage<{ text: string; wanted: string }>({
  code: 'LH762',
  severity: 'warning',
  title: 'a comment that looks like a directive',
  help: `A line that begins with # is a comment, but for #INCLUDE:path# and #NEW_INSTALL_LIST#, in capitals, with the closing # and
nothing behind it. One that is nearly so is a comment, and does nothing.

wrong:  #INCLUDE:compute.pkglist
right:  #INCLUDE:compute.pkglist#`,
  message: ({ text }) => `'${text}' looks like a directive and is a comment`,
  mend: ({ wanted }) => `write ${wanted}, or a blank after the first # if it is a comment`,
});

export const includeMissing = defineMessage<{ path: string; why: string; mend: string }>({
  code: 'LH763',
  severity: 'warning',
  title: 'an included list that is not there',
  help: `#INCLUDE:path# names a file relative to the one in which it stands, or /install/custom/... for one below custom/ of this
repository. Nothing outside custom/ is read: what an image is made of stands in the commit. Until it does, the image is not built
and its nodes keep what they have.

wrong:  #INCLUDE:/opt/xcat/share/xcat/netboot/rh/compute.pkglist#
right:  #INCLUDE:compute.base.pkglist#    with that file beside this one`,
  message: ({ path, why }) => `the list '${path}' can't be included: ${why}`,
  mend: ({ mend }) => mend,
});

export const includeCycle = defineMessage<{ path: string; why: string }>({
  code: 'LH764',
  severity: 'warning',
  title: 'lists that include each other',
  help: `A list that includes itself, directly or through others, has no end; nor have dozens of levels or thousands of includes a
meaning that anybody could read. The image is not built until it is mended.

wrong:  a.pkglist: #INCLUDE:b.pkglist#    b.pkglist: #INCLUDE:a.pkglist#
right:  both include a third that has what they share`,
  message: ({ path, why }) => `'${path}' is not included: ${why}`,
  mend: () => 'move what both need into a third list that includes neither',
});

export const namedListMissing = defineMessage<{ column: string; path: string; place: string }>({
  code: 'LH765',
  severity: 'warning',
  title: 'a list or script of an image that is not in the repository',
  help: `The columns pkglist, otherpkglist, exlist and postinstall of linuximage name files. /install/custom/... means custom/... of
this repository; no other place is read, because what an image is made of stands in the commit. A file that a column names and that is
not there is not replaced by another: the image is not built, and its nodes keep what they have.

wrong:  pkglist "/opt/xcat/share/xcat/netboot/rh/compute.pkglist"
right:  pkglist "/install/custom/netboot/rh/compute.pkglist"    with custom/netboot/rh/compute.pkglist in the repository`,
  message: ({ column, path }) => `${column} names '${path}', which is not in the repository`,
  mend: ({ place }) => `put the file at ${place}, and name it so`,
});

export const noPackageList = defineMessage<{ image: string; searched: readonly string[] }>({
  code: 'LH766',
  severity: 'warning',
  title: 'an image without a list of packages',
  help: `An image is built from a list of packages: the one that linuximage.pkglist names, else the first that there is of
<profile>.<os>.<arch>.pkglist, <profile>.<arch>.pkglist, <profile>.<os>.pkglist, <profile>.pkglist below custom/netboot/<family>.
Without one it is not built, and nodes that shall boot it wait, on what they have.

wrong:  an osimage row with profile "compute", and nothing below custom/netboot
right:  custom/netboot/debian/compute.pkglist`,
  message: ({ image, searched }) => `image '${image}' has no list of packages; searched ${searched.join(', ')}`,
  mend: ({ searched }) => `write ${searched.at(-1) ?? 'a .pkglist'}, or name a list in linuximage.pkglist`,
});

export const unreadableRepository = defineMessage<{ text: string; why: string }>({
  code: 'LH767',
  severity: 'warning',
  title: 'a repository that is not understood',
  help: `A line of a .repolist is 'type | url | alias': type plaindir (a folder of packages), rpm-md, deb, or nothing (found out, as with yast2); url a
URL or a directory; alias a name of its own. For Debian a line of sources.list can be the url, or the whole line.
A repository in linuximage.pkgdir or otherpkgdir is a directory from / on or a URL. The image is not built until it is mended.

wrong:  rpm-md, http://server/repo, name
right:  rpm-md | http://server/repo | name
right:  deb | http://deb.debian.org/debian bookworm main | main`,
  // A password may stand in any part of a broken line.
  message: ({ text, why }) => `'${text.replace(/\/\/[^/\s]*@/g, '//…@')}' is no repository: ${why}`,
  mend: () => "write 'type | url | alias' with type plaindir, rpm-md or deb",
});

export const unsafeRepository = defineMessage<{ what: string; why: string }>({
  code: 'LH768',
  severity: 'error',
  title: 'a repository that could do more than give packages',
  help: `A URL becomes an argument or a line of the package manager's configuration. Only http, https, ftp and file (for deb also
copy) are taken: other schemes start programs. A user's password does not belong in a commit: it stays in its history for ever.

A directory is the one that holds the packages, never one of the system's or one around the installdir: all of it would be read.

wrong:  rpm-md | plugin:script?x=1 | extra; pkgdir "/"
right:  rpm-md | https://server/repo | extra; pkgdir "/install/rhels5.4/x86_64"`,
  message: ({ what, why }) => `repository ${what} is not taken: ${why}`,
  mend: () =>
    'write a URL of http, https, ftp or file, without a password, or the directory of the packages; and an alias of letters, digits and . _ -',
});

export const badPattern = defineMessage<{ text: string; why: string }>({
  code: 'LH769',
  severity: 'warning',
  title: 'a pattern of an .exlist that matches nothing',
  help: `A line of an .exlist is a pattern as of 'find . -path': what it matches is taken out of the image, and '+' before a pattern
puts back what an earlier one took. '-' before it changes nothing.

wrong:  ./usr/share/../man*
right:  ./usr/share/man*
right:  +./usr/share/man/man8*`,
  message: ({ text, why }) => `the pattern '${text}' is left out: ${why}`,
  mend: () => 'write a path from ./ on, with * and ? where anything may stand',
});

export const scriptNotExecutable = defineMessage<{ path: string }>({
  code: 'LH770',
  severity: 'warning',
  title: 'a .postinstall that is not executable',
  help: `The original leaves out a .postinstall that is not executable, and says nothing. Here it runs all the same: who writes a
script for an image means it to run. To leave it out, take it away.

wrong:  mode 100644 in git
right:  git update-index --chmod=+x custom/netboot/debian/compute.postinstall`,
  message: ({ path }) => `${path} is not executable; it runs all the same`,
  mend: ({ path }) => `git update-index --chmod=+x ${path}; or remove it, so that it does not run`,
});

export const badImageColumn = defineMessage<{ column: string; text: string; wanted: string }>({
  code: 'LH771',
  severity: 'warning',
  title: 'a linuximage cell that is not understood',
  help: `netdrivers: names of kernel modules, with commas. nodebootif, otherifce: names of network interfaces. permission: mode of
/.statelite, octal. kernelver: a kernel's version as below /lib/modules. initrd: small (or nothing) or dracut. addons: passwd, ssh.
scriptnetwork: yes or no. What is built from a cell that is not understood is not built until it is mended; nodes keep what they have.

wrong:  permission "rwxr-xr-x"
right:  permission "755"`,
  message: ({ column, text }) => `linuximage.${column} '${text}' is not understood`,
  mend: ({ wanted }) => `write ${wanted}`,
});

export const noAddons = defineMessage<{ image: string; addon: string; family: string }>({
  code: 'LH772',
  severity: 'error',
  title: 'an addon that this system must not have',
  help: `linuximage.addons copies accounts (passwd) and the settings of sshd (ssh) into an image, as add_passwd and add_ssh did. The
cookbook says: not for SLES. The packages of that family bring their own, which would be broken.

wrong:  a sles image with addons "passwd,ssh"
right:  the same files below images/<name>/rootimg/, or in a .postinstall`,
  message: ({ image, addon, family }) => `image '${image}' has addon ${addon}, which ${family} images must not have`,
  mend: () => 'empty linuximage.addons, and do it in a .postinstall or below images/<name>/rootimg/',
});

export const noPackageSource = defineMessage<{ image: string; why: string }>({
  code: 'LH773',
  severity: 'warning',
  title: 'an image without a place that packages come from',
  help: `linuximage.pkgdir says where the packages of the distribution come from: directories or URLs, with commas. Where it is empty,
the system's usual place is taken, if there is one. Without any the image is not built, and its nodes keep what they have.

wrong:  pkgdir empty, and nothing copied to <installdir>/<os>/<arch>
right:  pkgdir "/install/rhels5.4/x86_64"`,
  message: ({ image, why }) => `image '${image}' has no source of packages: ${why}`,
  mend: () => 'write a directory or a URL into linuximage.pkgdir',
});

export const sharedRootLink = defineMessage<{ image: string; other: string; path: string }>({
  code: 'LH774',
  severity: 'warning',
  title: 'two images of one os, architecture and profile',
  help: `<installdir>/netboot/<os>/<arch>/<profile>/rootimg is a link to the newest generation, for people. Each image has generations of
its own, and nodes mount those; but of two images with the same three words only one can have the link: the first by name.

wrong:  "one",...,"compute","debian12","x86_64"    and   "two",...,"compute","debian12","x86_64"
right:  "one",...,"compute","debian12","x86_64"    and   "two",...,"compute2","debian12","x86_64"`,
  message: ({ image, other, path }) => `image '${image}' has no link ${path}: '${other}' has it`,
  mend: () => 'give it a profile of its own, if people shall find it there',
});

export const rootElsewhere = defineMessage<{ image: string; text: string; place: string }>({
  code: 'LH775',
  severity: 'warning',
  title: 'a root directory that nothing is built in',
  help: `Images are built below <installdir>/netboot/<os>/<arch>/<profile>, one directory a generation, and nodes are told that place.
linuximage.rootimgdir is not read for them.

wrong:  rootimgdir "/data/images/compute"
right:  rootimgdir empty; a symbolic link or a mount at /install/netboot where the disk shall be another`,
  message: ({ image, text, place }) => `image '${image}' is built below ${place}; rootimgdir '${text}' is not used`,
  mend: () => 'empty linuximage.rootimgdir',
});

export const badAccount = defineMessage<{ user: string; why: string }>({
  code: 'LH776',
  severity: 'warning',
  title: 'an account that is left out of an image',
  help: `With addon passwd, the rows of the passwd table with key system become accounts of the image: a user's name, and a crypt hash, *
or a reference to a secret kept outside git.

wrong:  "system",,"$6$..."
right:  "system","root","$6$..."`,
  message: ({ user, why }) => `account '${user}' is left out of images: ${why}`,
  mend: () => 'write a user name of letters, digits, _ and -, and a hash',
});

export const unknownRepositoryType = defineMessage<{ word: string }>({
  code: 'LH777',
  severity: 'warning',
  title: 'a word for the type of a repository that is not known',
  help: `A line of a .repolist is 'type | url | alias'. The original passes over the type, so any word is taken; one that is not known here
(plaindir, rpm-md, deb, or yast2 and other words of zypper) is as good as none: what the repository is, is found out.

wrong:  rpmmb | http://server/repo | name
right:  rpm-md | http://server/repo | name`,
  message: ({ word }) => `'${word}' is no type of a repository: it is found out what is there`,
  mend: () => 'write plaindir, rpm-md, deb, yast2 or nothing',
});
