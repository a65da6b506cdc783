/** What a file for an NFS server exports to an address: reads both forms that the plugin writes. */
import ipaddr from 'ipaddr.js';

export interface ExportLine {
  readonly path: string;
  readonly pseudo?: string;
  readonly client: string;
  readonly mode: 'ro' | 'rw';
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

interface Directory {
  readonly path: string;
  readonly pseudo?: string;
  /** One address each: ten thousand nodes stand in a line, and each of them is asked about. */
  readonly single: ReadonlyMap<string, 'ro' | 'rw'>;
  readonly wide: readonly { readonly client: string; readonly mode: 'ro' | 'rw'; readonly range: Range | undefined }[];
}

export type Exports = readonly Directory[];

/** Reads a whole file; lines that it does not know are passed over. */
export function readExports(text: string): Exports {
  return text.split('\n').flatMap((line) => (line.startsWith('EXPORT {') ? ganesha(line) : kernel(line)) ?? []);
}

/** The lines that hold for one of the addresses. */
export function exportedTo(exports: Exports, addresses: readonly string[]): ExportLine[] {
  const found: ExportLine[] = [];
  for (const { path, pseudo, single, wide } of exports) {
    const placed = pseudo === undefined ? { path } : { path, pseudo };
    for (const address of addresses) {
      const mode = single.get(address);
      if (mode !== undefined) found.push({ ...placed, client: address, mode });
    }
    for (const { client, mode, range } of wide)
      if (addresses.some((address) => holds(range, address))) found.push({ ...placed, client, mode });
  }
  return found;
}

/** Whether a path is an exported directory or lies below it. */
export function covers(directory: string | undefined, path: string): boolean {
  return directory !== undefined && (path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`));
}

/** Whether a client as `showmount` and exports(5) write it is one of the addresses. A name is none: nothing is resolved. */
export function isClient(client: string, addresses: readonly string[]): boolean {
  if (addresses.includes(client)) return true;
  const range = rangeOf(client);
  return range !== 'no client' && addresses.some((address) => holds(range, address));
}

/** Whether a client is a host name, a wildcard or a netgroup: the server alone knows whom it means. */
export function isNamed(client: string): boolean {
  return !ipaddr.isValid(client) && rangeOf(client) === 'no client';
}

function kernel(line: string): Directory | undefined {
  if (!line.startsWith('/')) return undefined;
  const [written = '', ...items] = line.split(/\s+/);
  const path = written.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return directory(
    { path },
    items.flatMap((item) => {
      const [, client, options = ''] = /^([^()]+)\(([^)]*)\)$/.exec(item) ?? [];
      return client === undefined ? [] : [{ client, mode: options.split(',').includes('rw') ? 'rw' : 'ro' } as const];
    }),
  );
}

function ganesha(line: string): Directory | undefined {
  const of = (key: string): string | undefined => {
    const [, , plain, quoted] = new RegExp(`\\b${key} = ('([^']*)'|"((?:[^"\\\\]|\\\\.)*)");`).exec(line) ?? [];
    return plain ?? quoted?.replace(/\\(.)/g, '$1');
  };
  const path = of('Path');
  const pseudo = of('Pseudo');
  if (path === undefined || pseudo === undefined) return undefined;
  const clients = [...line.matchAll(/CLIENT \{ Clients = ([^;]+); Access_Type = (RO|RW); \}/g)];
  return directory(
    { path, pseudo },
    clients.map(([, client = '', mode]) => ({ client, mode: mode === 'RW' ? 'rw' : 'ro' })),
  );
}

function directory(
  placed: { readonly path: string; readonly pseudo?: string },
  clients: readonly { readonly client: string; readonly mode: 'ro' | 'rw' }[],
): Directory {
  const single = new Map<string, 'ro' | 'rw'>();
  const wide: { client: string; mode: 'ro' | 'rw'; range: Range | undefined }[] = [];
  for (const { client, mode } of clients) {
    const range = rangeOf(client);
    if (range === 'no client') single.set(client, mode);
    else wide.push({ client, mode, range });
  }
  return { ...placed, single, wide };
}

/** Undefined: everybody. */
function rangeOf(client: string): Range | undefined | 'no client' {
  if (client === '*' || client === '(everyone)') return undefined;
  const [net = '', mask = ''] = client.split('/');
  if (mask === '' || !ipaddr.isValid(net)) return 'no client';
  const bits = mask.includes('.') ? ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask() : Number(mask);
  const parsed = ipaddr.parse(net);
  const most = parsed.kind() === 'ipv4' ? 32 : 128;
  return bits === null || !Number.isInteger(bits) || bits < 0 || bits > most ? 'no client' : [parsed, bits];
}

function holds(range: Range | undefined, address: string): boolean {
  if (range === undefined) return true;
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  return parsed.kind() === range[0].kind() && parsed.match(range[0], range[1]);
}
