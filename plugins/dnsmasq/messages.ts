/** What dnsmasq's plugin can find wrong: LH831, LH832. */
import { defineMessage } from '../../core/diagnostic/diagnostic.ts';

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

export const messages = [noAddressInNetwork, unsafeCell] as const;
