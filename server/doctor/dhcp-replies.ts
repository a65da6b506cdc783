/** Reads out of the two files that litehouse writes for dnsmasq what a machine is told by DHCP, from the plan and from the disk alike. */

export interface DhcpReply {
  readonly mac: string;
  readonly address: string;
  readonly next?: string;
  readonly file?: string;
}

/** One line of the file of reservations. */
interface Reservation {
  /** Undefined: dnsmasq is told to ignore the machine. */
  readonly address: string | undefined;
  /** Word of noderes.netboot. */
  readonly loader: string | undefined;
  readonly next: string | undefined;
}

/** By mac; of two lines for one the first, as dnsmasq has it. */
export type Reservations = ReadonlyMap<string, Reservation>;

export interface BootLines {
  /** The file of reservations that dnsmasq reads; undefined: the configuration names none. */
  readonly hostsFile: string | undefined;
  /** Loader and address of the TFTP server, with a blank between, to the boot file. */
  readonly files: ReadonlyMap<string, string>;
}

export function readReservations(text: string): Reservations {
  const found = new Map<string, Reservation>();
  for (const line of text.split('\n')) {
    if (line.trimStart().startsWith('#')) continue;
    const fields = line.split(',').map((field) => field.trim());
    const tags = fields.flatMap((field) => (field.startsWith('set:') ? [field.slice(4)] : []));
    const reservation = {
      address: fields.includes('ignore') ? undefined : fields.find((field) => /^\d+(\.\d+){3}$/.test(field)),
      loader: tags.find((tag) => !tag.startsWith('next-')),
      next: tags
        .find((tag) => tag.startsWith('next-'))
        ?.slice('next-'.length)
        .replaceAll('-', '.'),
    };
    for (const field of fields) {
      const mac = field.toLowerCase();
      if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) && !found.has(mac)) found.set(mac, reservation);
    }
  }
  return found;
}

export function readBootLines(text: string): BootLines {
  const files = new Map<string, string>();
  for (const [, loader = '', next = '', file = ''] of text.matchAll(
    /^dhcp-boot=tag:([^,]*),tag:next-([^,]*),([^,]*),/gm,
  ))
    files.set(`${loader} ${next.replaceAll('-', '.')}`, file);
  return { hostsFile: /^dhcp-hostsfile=(.+)$/m.exec(text)?.[1], files };
}

/** What these macs are told; one without an address of its own is told nothing. */
export function repliesTo(macs: readonly string[], reservations: Reservations, { files }: BootLines): DhcpReply[] {
  return macs.flatMap((mac) => {
    const { address, loader, next } = reservations.get(mac) ?? {};
    if (address === undefined) return [];
    const file = files.get(`${loader ?? ''} ${next ?? ''}`);
    return [{ mac, address, ...(next === undefined ? {} : { next }), ...(file === undefined ? {} : { file }) }];
  });
}
