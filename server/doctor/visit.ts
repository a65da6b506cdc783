/** What each step is given: a node, whom to ask about it, and what the steps before found. */
import type { BootFile } from './boot-file.ts';
import type { NodeBootFacts } from './facts.ts';
import type { House, HouseStatus } from './house.ts';
import type { Address, Probes } from './probes.ts';

export interface DoctorOptions {
  /** Fetch kernel and initrd as a whole. */
  readonly whole: boolean;
  /** Mount the root, where this machine can. */
  readonly mount: boolean;
  /** Ask this TFTP server instead of the one that the node would ask. */
  readonly tftp?: Address | undefined;
}

export interface Visit {
  readonly facts: NodeBootFacts;
  readonly house: House;
  readonly probes: Probes;
  readonly status: HouseStatus;
  readonly options: DoctorOptions;
  /** The boot file as it was fetched, or as it is planned where it could not be; undefined: the node has none. */
  boot: BootFile | undefined;
}

/** The management node, as targets of outputs call it. */
export const managementNode = 'mn';

/** The port that NFS is asked at: mount options and the kernel line's LHNFS may name another. */
export function nfsPort(...options: readonly (string | undefined)[]): number {
  const ports = options.flatMap((text) =>
    [...(text ?? '').matchAll(/(?:^|,)port=(\d+)/g)].map(([, port]) => Number(port)),
  );
  return ports.at(-1) ?? 2049;
}

/** The version of NFS that the node mounts with: 3, unless the options or LHNFS say 4. */
export function nfsVersion(...options: readonly (string | undefined)[]): 3 | 4 {
  return options.some((text) => /(?:^|,)(?:nfs)?vers=4/.test(text ?? '')) ? 4 : 3;
}

/** Whether a file of that target lies on this machine's disk. */
export function isHere({ house }: Visit, target: string | undefined): boolean {
  return house.here && target === managementNode;
}

/** Why a disk cannot be looked at. */
export function notHere({ house }: Visit, target: string | undefined): string {
  if (target === undefined) return 'it is on a server that is none of ours';
  if (target !== managementNode) return `it is on the service node ${target}`;
  return house.here ? 'it is not on this machine' : 'it is on the management node: run doctor there';
}
