/** Which address of a server a node is told: the one in a network that both are in (RULES, Nodes). */
import type { Addresses, Network } from './addresses.ts';

interface Face {
  readonly network: Network;
  readonly address: string;
}

/** Looks names up in the hosts table, with hosts.otherinterfaces, and in the networks table. */
export class Facing {
  private readonly addresses: Addresses;
  private readonly networks: readonly Network[];
  /** By server: its addresses in the networks that hold one; a cluster has few servers with more than one address. */
  private readonly faces = new Map<string, readonly Face[]>();
  private readonly heads = new Map<string, readonly string[]>();

  constructor(addresses: Addresses, networks: readonly Network[]) {
    this.addresses = addresses;
    this.networks = networks;
  }

  /**
   * The address of a server in the first network that holds an address of the node and one of the server, the node's first address
   * first; where they share none, or none is known, the server's first; undefined: it has none.
   */
  of(server: string, nodeAddresses: readonly string[]): string | undefined {
    return this.near(server, this.addresses.all(server), nodeAddresses);
  }

  /** The same of a service node or the management node; written as an address, its host's others count as well. */
  ofHead(server: string, nodeAddresses: readonly string[]): string | undefined {
    let all = this.heads.get(server);
    if (all === undefined) {
      const addresses = this.addresses.ofServer(server);
      // What the site says stays the one for nodes of no network.
      const first = this.addresses.first(server);
      all = first === undefined ? addresses : [first, ...addresses.filter((address) => address !== first)];
      this.heads.set(server, all);
    }
    return this.near(server, all, nodeAddresses);
  }

  private near(server: string, all: readonly string[], nodeAddresses: readonly string[]): string | undefined {
    if (all.length < 2) return all[0];
    const faces = this.facesOf(`${all.length} ${server}`, all);
    for (const address of nodeAddresses) {
      const face = faces.find(({ network }) => network.contains(address));
      if (face !== undefined) return face.address;
    }
    return all[0];
  }

  private facesOf(key: string, all: readonly string[]): readonly Face[] {
    const known = this.faces.get(key);
    if (known !== undefined) return known;
    const faces = this.networks.flatMap((network) => {
      const address = all.find((candidate) => network.contains(candidate));
      return address === undefined ? [] : [{ network, address }];
    });
    this.faces.set(key, faces);
    return faces;
  }
}
