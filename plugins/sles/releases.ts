/** Names of SUSE's systems. */

const form = /^(sles|sled|sle|suse|opensuse-leap|opensuse-tumbleweed|opensuse|leap|tumbleweed)(\d+(?:\.\d+)*)?$/;

export function isSuse(os: string): boolean {
  return form.test(os);
}

/** `15.5` of `sles15.5`; '' for what has no version. */
export function versionOf(os: string): string {
  return form.exec(os)?.[2] ?? '';
}

/** Folders of custom/netboot: openSUSE's own before those that all share. */
export function foldersOf(os: string): string[] {
  const name = form.exec(os)?.[1] ?? '';
  return [...(name.startsWith('sl') ? [] : ['opensuse', 'suse']), 'sles', os];
}
