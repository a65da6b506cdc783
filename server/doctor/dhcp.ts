/** Step 2: what a DHCP reply should hold, and whether dnsmasq takes its file and is there. Not asked for real: that needs raw sockets, and a lease. */
import { join } from 'node:path';
import { type DhcpReply, readBootLines, readReservations, repliesTo } from './dhcp-replies.ts';
import { type Finding, Findings } from './finding.ts';
import type { Probes } from './probes.ts';
import { managementNode, notHere, type Visit } from './visit.ts';

/** What a reply names as boot file where nothing else is known. */
export const usualBootFile = { pxelinux: 'pxelinux.0', yaboot: 'yaboot' } as const;

const dhcpPort = 67;

export async function checkDhcp(visit: Visit): Promise<readonly Finding[]> {
  const { facts } = visit;
  const found = new Findings('dhcp');
  const { network, served, replies } = facts.dhcp;
  const { server, loader } = facts.tftp;
  if (network === undefined) {
    found.warning('no row of networks holds its address', {
      from: 'tables/networks.csv',
      detail: facts.addresses.map(({ address }) => address).join(' '),
      mend: 'add the network with its net and mask; DHCP, exports and the TFTP server of its nodes come from it',
    });
  }
  if (served && replies.length > 0) {
    await reservations(found, visit);
    await here(found, visit);
    found.unchecked('whether dnsmasq answers: a DHCP request needs raw sockets', {
      mend: 'journalctl -u dnsmasq shows DHCPDISCOVER and DHCPOFFER',
    });
    return found.list;
  }
  const [address] = facts.addresses;
  const macs = facts.macs.map(({ mac }) => mac).join(' or ') || 'its mac';
  const file = loader === undefined ? '' : `, file ${usualBootFile[loader]}`;
  const should = `to ${macs}: address ${address?.address ?? '?'}, next-server ${server?.address ?? '?'}${file}`;
  if (served && (network?.server === undefined || facts.macs.length === 0)) {
    found.fault('dnsmasq has no reservation for it', {
      from: network?.from ?? 'tables/networks.csv',
      detail: should,
      mend: 'it needs an Ethernet mac in mac.mac and an address in a network of the networks table',
    });
    return found.list;
  }
  const who =
    network?.server === undefined
      ? 'no server is named in networks.dhcpserver'
      : `${network.server} answers (networks.dhcpserver)`;
  found.unchecked(`DHCP: ${who}, and litehouse writes nothing for it (plugin dnsmasq: serve)`, {
    detail: `the reply should be, ${should}`,
    ...(network === undefined ? {} : { from: network.from }),
  });
  return found.list;
}

async function reservations(found: Findings, visit: Visit): Promise<void> {
  const { facts, probes } = visit;
  const { network, replies } = facts.dhcp;
  const config = configOf(visit);
  const read = config === undefined ? undefined : await readByDnsmasq(probes, config);
  const mend = `litehouse apply --repair${facts.reloads ? '' : ', then systemctl reload dnsmasq'}`;
  for (const planned of replies) {
    const { mac, next, file } = planned;
    const reply = replyText(planned);
    if (next === undefined || file === undefined) {
      found.fault('dnsmasq has a reservation without a boot server or file', {
        detail: reply,
        mend: 'noderes.netboot needs a word that plugin dnsmasq has a boot file for (bootFiles), and networks.tftpserver an address',
      });
      continue;
    }
    if (read === undefined) {
      const why = notHere(visit, managementNode);
      found.unchecked(`whether dnsmasq has its reservation: ${why}`, { detail: reply, from: network?.from });
      continue;
    }
    const told = read.told(mac);
    if (told === undefined) {
      found.fault(`dnsmasq has no reservation for it: ${read.missing}`, { detail: `planned: ${reply}`, mend });
    } else if (replyText(told) !== reply) {
      const detail = `${replyText(told)}; planned: ${reply}`;
      found.fault('dnsmasq has another reservation for it than is planned: somebody edited its files', {
        detail,
        mend,
      });
    } else found.ok('dnsmasq has a reservation', { detail: reply, from: network?.from });
  }
}

/** Follows what dnsmasq reads: its configuration, and the file of reservations that this names. */
async function readByDnsmasq(
  probes: Probes,
  config: string,
): Promise<{ readonly told: (mac: string) => DhcpReply | undefined; readonly missing: string }> {
  const nothing = (missing: string) => ({ told: () => undefined, missing });
  const lines = await probes.read(config, readBootLines);
  if ('why' in lines) return nothing(`${config} cannot be read: ${lines.why}`);
  const { hostsFile } = lines.as;
  if (hostsFile === undefined) return nothing(`no line dhcp-hostsfile= of ${config} names a file of them`);
  const reserved = await probes.read(hostsFile, readReservations);
  if ('why' in reserved) return nothing(`${hostsFile} cannot be read: ${reserved.why}`);
  return {
    told: (mac) => repliesTo([mac], reserved.as, lines.as)[0],
    missing: `no line of ${hostsFile} gives its mac an address`,
  };
}

function replyText({ mac, address, next, file }: DhcpReply): string {
  return `${mac} gets ${address}, next-server ${next ?? 'none'}, file ${file ?? 'none'}`;
}

/** The configuration that litehouse wrote; undefined: it is not on this machine. */
function configOf({ facts, house }: Visit): string | undefined {
  const root = facts.roots.dnsmasq;
  return house.here && root !== undefined ? join(root, 'litehouse.conf') : undefined;
}

/** What can be seen of dnsmasq where its files are. */
async function here(found: Findings, visit: Visit): Promise<void> {
  const { probes } = visit;
  const file = configOf(visit);
  if (file === undefined) return;
  const { status, out, err } = await probes.run('dnsmasq', ['--test', `--conf-file=${file}`]);
  const said = `${err} ${out}`.trim().replace(/\s+/g, ' ');
  if (status === 0) found.ok(`dnsmasq --test takes ${file}`);
  else if (status === undefined)
    found.unchecked(`whether dnsmasq takes ${file}: ${said}`, { mend: `dnsmasq --test --conf-file=${file}` });
  else {
    found.fault(`dnsmasq does not take ${file}: ${said}`, {
      mend: 'correct the cell of tables/networks.csv that the line comes from; if the file is missing: litehouse apply --repair',
    });
  }
  const listens = await probes.listens(dhcpPort);
  if (listens === true) found.ok('something listens on UDP port 67 of this machine, where DHCP is asked');
  else if (listens === undefined) found.unchecked('whether something listens on UDP port 67: /proc cannot be read');
  else {
    found.warning('nothing listens on UDP port 67 of this machine: no DHCP server runs here', {
      mend: `systemctl start dnsmasq; its own configuration needs the line conf-file=${file}`,
    });
  }
}
