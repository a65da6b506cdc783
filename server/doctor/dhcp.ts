/** Step 2: what a DHCP reply should hold, and whether dnsmasq takes its file and is there. Not asked for real: that needs raw sockets, and a lease. */
import { join } from 'node:path';
import { type Finding, Findings } from './finding.ts';
import type { Visit } from './visit.ts';

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
    for (const { mac, address, next, file } of replies) {
      const reply = `${mac} gets ${address}, next-server ${next ?? 'none'}, file ${file ?? 'none'}`;
      if (next !== undefined && file !== undefined)
        found.ok('dnsmasq has a reservation', { detail: reply, from: network?.from });
      else {
        found.fault('dnsmasq has a reservation without a boot server or file', {
          detail: reply,
          mend: 'noderes.netboot needs a word that plugin dnsmasq has a boot file for (bootFiles), and networks.tftpserver an address',
        });
      }
    }
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

/** What can be seen of dnsmasq where its files are. */
async function here(found: Findings, { facts, house, probes }: Visit): Promise<void> {
  const root = facts.roots.dnsmasq;
  if (!house.here || root === undefined) return;
  const file = join(root, 'litehouse.conf');
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
