/** Names to addresses by the hosts table alone: never DNS, never local interfaces (DESIGN 5). */
import ipaddr from 'ipaddr.js';
import { badAddress } from '../diagnostic/catalogue/resolve.ts';
import type { Row, Table } from '../tables/table.ts';
import type { Findings } from './findings.ts';
import type { NodeLookup } from './lookup.ts';
import type { Value } from './view.ts';

/** Normal text of an address: IPv4-mapped IPv6 as IPv4, IPv6 shortened; undefined where the text is none. */
export function normalAddress(text: string): string | undefined {
  // The common case first: ipaddr.js costs ten times as much, and a cluster has ten thousand of these.
  if (/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/.test(text)) return text;
  if (!text.includes(':') || !ipaddr.IPv6.isValid(text) || text.includes('%')) return undefined;
  return ipaddr.process(text).toString();
}

/** One network of the networks table. */
export interface Network {
  readonly row: Row;
  readonly net: string;
  readonly mask: string;
  contains(address: string): boolean;
}

/** Rows of networks.csv with a readable net and mask; the rest is reported by the checks. */
export function readNetworks(table: Table | undefined): Network[] {
  const networks: Network[] = [];
  for (const row of table?.rows ?? []) {
    const net = table?.value(row, 'net');
    const mask = table?.value(row, 'mask');
    if (net === undefined || mask === undefined || !ipaddr.isValid(net)) continue;
    const bits = mask.startsWith('/')
      ? Number(mask.slice(1))
      : ipaddr.isValid(mask)
        ? (ipaddr.parse(mask).prefixLengthFromSubnetMask() ?? Number.NaN)
        : Number(mask);
    const base = ipaddr.parse(net);
    if (!Number.isInteger(bits) || bits < 0 || bits > (base.kind() === 'ipv4' ? 32 : 128)) continue;
    networks.push({
      row,
      net,
      mask,
      contains(address) {
        const parsed = ipaddr.parse(address);
        return parsed.kind() === base.kind() && parsed.match(base, bits);
      },
    });
  }
  return networks;
}

/** `hosts.otherinterfaces`: `name:address,-ib0:address`; a leading hyphen is appended to the node's name. */
function otherInterfaces(value: Value, node: string, findings: Findings): { name: string; address: string }[] {
  const pairs: { name: string; address: string }[] = [];
  for (const part of value.text.split(',')) {
    const piece = part.trim();
    if (piece === '') continue;
    const colon = piece.indexOf(':');
    const text = colon === -1 ? piece : piece.slice(colon + 1).trim();
    const address = normalAddress(text);
    if (address === undefined) {
      findings.add(`other:${value.row.table.name}:${value.row.offset}`, node, () =>
        badAddress(value.row.table.at(value.row, value.column), { text: piece, column: 'hosts.otherinterfaces' }),
      );
      continue;
    }
    const name = colon === -1 ? '' : piece.slice(0, colon).trim();
    pairs.push({ name: name.startsWith('-') ? node + name : name, address });
  }
  return pairs;
}

export class Addresses {
  /** Names that somebody other than the host itself asked for: a change of their rows concerns others. */
  readonly asked = new Set<string>();
  private aliases: Map<string, string> | undefined;
  private readonly cache = new Map<string, readonly string[]>();
  private readonly lookup: NodeLookup;
  private readonly hosts: Table | undefined;
  private readonly domain: string | undefined;
  private readonly findings: Findings;

  constructor(lookup: NodeLookup, hosts: Table | undefined, domain: string | undefined, findings: Findings) {
    this.lookup = lookup;
    this.hosts = hosts;
    this.domain = domain;
    this.findings = findings;
  }

  /** All addresses of a node or host by its own name: hosts.ip first, then the other interfaces. */
  ofHost(name: string): readonly string[] {
    const known = this.cache.get(name);
    if (known !== undefined) return known;
    const list: string[] = [];
    const ip = this.lookup.value(name, 'hosts', 'ip');
    if (ip !== undefined) {
      const address = normalAddress(ip.text.trim());
      if (address !== undefined) list.push(address);
      else {
        this.findings.add(`ip:${ip.row.offset}`, name, () =>
          badAddress(ip.row.table.at(ip.row, 'ip'), { text: ip.text, column: 'hosts.ip' }),
        );
      }
    }
    const other = this.lookup.value(name, 'hosts', 'otherinterfaces');
    if (other !== undefined) {
      for (const pair of otherInterfaces(other, name, this.findings))
        if (!list.includes(pair.address)) list.push(pair.address);
    }
    this.cache.set(name, list);
    return list;
  }

  /** Addresses of a name: an address itself, a host's own name, with or without site.domain, or one of hosts.hostnames. */
  all(name: string): readonly string[] {
    const literal = normalAddress(name);
    if (literal !== undefined) return [literal];
    this.asked.add(name);
    const direct = this.ofHost(name);
    if (direct.length > 0) return direct;
    if (this.domain !== undefined && name.endsWith(`.${this.domain}`)) {
      const bare = name.slice(0, -this.domain.length - 1);
      this.asked.add(bare);
      const short = this.ofHost(bare);
      if (short.length > 0) return short;
    }
    const alias = this.aliasOf(name);
    if (alias !== undefined) this.asked.add(alias);
    return alias === undefined ? [] : this.ofHost(alias);
  }

  /**
   * Addresses of a server of ours as the site names it: of an address those of the host that has it, because site.master is an
   * address as a rule, and the host has others. Only a hosts row of the host's own, without a pattern, is looked for.
   */
  ofServer(name: string): readonly string[] {
    const literal = normalAddress(name);
    if (literal === undefined) return this.all(name);
    for (const row of this.hosts?.rows ?? []) {
      const host = this.hosts?.value(row, 'node');
      const cells = [this.hosts?.value(row, 'ip'), this.hosts?.value(row, 'otherinterfaces')];
      // The text decides quickly; only IPv6 has other spellings.
      if (host === undefined || !cells.some((cell) => cell?.includes(':') || cell?.includes(literal))) continue;
      if (cells.some((cell) => cell?.startsWith('|'))) continue;
      const addresses = this.ofHost(host);
      if (!addresses.includes(literal)) continue;
      this.asked.add(host);
      return addresses;
    }
    return [literal];
  }

  /** The first address of a name, as View.addressOf gives it. */
  first(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** Aliases are rare in server columns, so the table is searched for them only when a name is found no other way. */
  private aliasOf(name: string): string | undefined {
    if (this.aliases === undefined) {
      this.aliases = new Map();
      for (const row of this.hosts?.rows ?? []) {
        const key = this.hosts?.value(row, 'node');
        const names = this.hosts?.value(row, 'hostnames');
        if (key === undefined || names === undefined || names.startsWith('|')) continue;
        for (const alias of names.split(/[\s,]+/)) if (alias !== '') this.aliases.set(alias, key);
      }
    }
    return this.aliases.get(name);
  }
}
