/** What dnsmasq's plugin can find wrong: LH831 to LH833. */
import { defineMessage } from '../../core/diagnostic/diagnostic.ts';
import type { NoAddress } from './reservations.ts';

export const noAddressInNetwork = defineMessage<{ count: number }>({
  code: 'LH831',
  severity: 'warning',
  title: 'no DHCP reservation: the address is in no network',
  help: `dnsmasq gives an address only in a network that it serves, which are the rows of the networks table. A node with a mac
whose addresses lie in none of them gets no answer to its DHCP request.
Right: a row "10.1","10.1.0.0","255.255.0.0" for nodes 10.1.x.y. Wrong: no row for them.`,
  message: ({ count }) =>
    count === 1 ? 'this node gets no DHCP reservation' : `${count} nodes get no DHCP reservation`,
  mend: () => 'add their network to tables/networks.csv, or correct hosts.ip',
});

export const unsafeCell = defineMessage<{ column: string; text: string }>({
  code: 'LH832',
  severity: 'warning',
  title: 'a networks cell that dnsmasq cannot be told',
  help: `These cells become options of dnsmasq, one line each, their parts separated by commas. A text that is no address,
name, number or range there is left out; so is a range that is not whole within net and mask, with which dnsmasq would not start.
Right: gateway "10.0.0.254", dynamicrange "10.0.9.1-10.0.9.200". Wrong: gateway "10.0.0.254 # core", dynamicrange "10.0.9.0/24".`,
  message: ({ column, text }) => `${column} ${JSON.stringify(text)} cannot be told to dnsmasq and is left out`,
  mend: ({ column }) =>
    column.endsWith('dynamicrange')
      ? 'write first-last, both within net and mask: 10.0.9.1-10.0.9.200'
      : 'write addresses, separated by commas',
});

export const interfaceWithoutAddress = defineMessage<{
  hostname: string;
  why: NoAddress;
  count: number;
  nearest: string | undefined;
}>({
  code: 'LH833',
  severity: 'warning',
  title: 'no DHCP reservation: a named interface has no address',
  help: `In mac.mac, MAC!NAME is an interface of its own: it gets the address that tables/hosts.csv has for NAME, as it is written there
(N07-IB is not n07-ib), in a network of the networks table. MAC!*NOIP* says that it is to get none.
Right: mac "00:1a:...!n07-ib" and hosts "n07-ib","10.1.0.7". Wrong: mac "00:1a:...!N07-IB" with that hosts row.`,
  message: ({ hostname, why, count }) => {
    const others = count === 1 ? '' : `; nor do ${count - 1} more`;
    return `the interface "${hostname}" of the mac table gets no DHCP reservation: ${reasons[why]}${others}`;
  },
  mend: ({ hostname, why, nearest }) => {
    if (why === 'another node') return 'give the interface another name, or the other node the mac';
    if (why !== 'unknown') return 'give it an IPv4 address in a network of tables/networks.csv';
    return nearest === undefined
      ? `add a row for ${hostname} to tables/hosts.csv, or write MAC!*NOIP*`
      : `tables/hosts.csv has "${nearest}": write it so in mac.mac too`;
  },
});

const reasons: Readonly<Record<NoAddress, string>> = {
  'another node': 'a node has that name',
  unknown: 'tables/hosts.csv has no address for it',
  'not IPv4': 'its address is not IPv4',
  'no network': 'its address is in no row of tables/networks.csv',
};

export const messages = [noAddressInNetwork, unsafeCell, interfaceWithoutAddress] as const;
