/** Names of Red Hat's systems and their kin. */

const form =
  /^(rhels|rhelc|rhelhpc|rhel|centos-stream|centos|rocky|almalinux|alma|ol|scientific|sl|fedora)(\d+(?:\.\d+)*)$/;

export function isRedHat(os: string): boolean {
  return form.test(os);
}

/** `8.6` of `rhels8.6`. */
export function versionOf(os: string): string {
  return form.exec(os)?.[2] ?? '';
}

/** What streams of modules are for: `el8`, `f38`; undefined for systems that know none. */
export function majorOf(os: string): string | undefined {
  const [, name, version] = form.exec(os) ?? [];
  if (name === undefined || version === undefined) return undefined;
  const major = Number.parseInt(version, 10);
  if (name === 'fedora') return major >= 28 ? `f${major}` : undefined;
  return major >= 8 ? `el${major}` : undefined;
}

const own: Readonly<Record<string, string>> = {
  scientific: 'SL',
  sl: 'SL',
  almalinux: 'alma',
  'centos-stream': 'centos',
};

/** Folders of custom/netboot: the system's own, as the original names it, before those of all of them. */
export function foldersOf(os: string): string[] {
  const name = form.exec(os)?.[1] ?? '';
  return [...(name.startsWith('rhel') ? [] : [own[name] ?? name]), 'rh', os];
}
