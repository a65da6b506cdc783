/** Names of architectures: the tables' to rpm's, and which of them run here. */

const names: Readonly<Record<string, string>> = {
  x86: 'i686',
  i386: 'i686',
  i586: 'i686',
  arm64: 'aarch64',
  amd64: 'x86_64',
};
const hosts: Readonly<Record<string, readonly string[]>> = {
  x64: ['x86_64', 'i686'],
  arm64: ['aarch64'],
  ppc64: ['ppc64le', 'ppc64'],
  s390x: ['s390x'],
};

/** rpm's name of an architecture. */
export function rpmArch(arch: string): string {
  return names[arch] ?? arch;
}

/** Programs that packages bring run during a build, so it takes a server that can run them. @throws Error that says what to do. */
export function assertRunsHere(image: string, arch: string, os: string): void {
  const here = hosts[process.arch] ?? [];
  const little = process.arch === 'ppc64' ? ['ppc64le'] : here;
  if (little.includes(rpmArch(arch))) return;
  throw new Error(
    `image ${image} is for ${arch}, and this server (${little[0] ?? process.arch}) can't run what its packages bring: ` +
      `build it on a server of that architecture and keep it here as an external image (setting images=external), or correct osimage.osarch. Its os is ${os}`,
  );
}
