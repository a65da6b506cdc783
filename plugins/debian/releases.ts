/** Names of Debian and Ubuntu releases and architectures, from those of the tables. */

export interface Release {
  readonly distribution: 'debian' | 'ubuntu';
  /** As in sources.list: `bookworm`. */
  readonly codename: string;
  /** Whether /bin, /sbin and /lib are links into /usr. */
  readonly merged: boolean;
  /** Whether it has a package that says so and no more: its counterpart would bring perl to do what is done already. */
  readonly saysMerged: boolean;
}

const debian: Readonly<Record<string, string>> = {
  8: 'jessie',
  9: 'stretch',
  10: 'buster',
  11: 'bullseye',
  12: 'bookworm',
  13: 'trixie',
  14: 'forky',
};
const ubuntu: Readonly<Record<string, string>> = {
  '16.04': 'xenial',
  '18.04': 'bionic',
  '20.04': 'focal',
  '22.04': 'jammy',
  '24.04': 'noble',
  '25.04': 'plucky',
  '25.10': 'questing',
  '26.04': 'resolute',
};

/** `debian12`, `debian12.5`, `ubuntu22.04.1`; undefined: not a release that has a name here. */
export function releaseOf(os: string): Release | undefined {
  const [, distribution, version] = /^(debian|ubuntu)(\d+(?:\.\d+)*)$/.exec(os) ?? [];
  if (version === undefined) return undefined;
  const [first = '', second = ''] = version.split('.');
  const codename = distribution === 'debian' ? debian[first] : ubuntu[`${first}.${second}`];
  if (codename === undefined) return undefined;
  return distribution === 'debian'
    ? { distribution, codename, merged: Number(first) >= 10, saysMerged: Number(first) >= 12 }
    : { distribution: 'ubuntu', codename, merged: Number(first) >= 20, saysMerged: Number(first) >= 24 };
}

const architectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  amd64: 'amd64',
  x86: 'i386',
  i386: 'i386',
  i686: 'i386',
  aarch64: 'arm64',
  arm64: 'arm64',
  armv7l: 'armhf',
  ppc64le: 'ppc64el',
  ppc64el: 'ppc64el',
  riscv64: 'riscv64',
  s390x: 's390x',
};

/** Debian's word for osimage.osarch; undefined: it has none. */
export function debianArch(arch: string): string | undefined {
  return architectures[arch];
}

const own: Readonly<Partial<Record<NodeJS.Architecture, readonly string[]>>> = {
  x64: ['amd64', 'i386'],
  ia32: ['i386'],
  arm64: ['arm64'],
  arm: ['armhf'],
  ppc64: ['ppc64el'],
  riscv64: ['riscv64'],
  s390x: ['s390x'],
};

/** Whether programs of an architecture run here: scriptlets of packages must. */
export function runsHere(arch: string): boolean {
  return own[process.arch]?.includes(arch) === true;
}
