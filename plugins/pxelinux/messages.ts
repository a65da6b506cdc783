/** What only pxelinux can find wrong; what all loaders find is in the catalogue of core/boot. */
import { defineMessage } from '../../core/diagnostic/diagnostic.ts';

export const takenHostname = defineMessage<{ node: string; hostname: string }>({
  code: 'LH807',
  severity: 'warning',
  title: 'an interface is named like another node',
  help: `In mac.mac, MAC!NAME gives an interface a name of its own, and NAME gets a link to the node's boot file. Where a
node of that name exists its own boot file has the place. Right: "00:1a:...!n01-ib". Wrong: "00:1a:...!n02".`,
  message: ({ node, hostname }) => `the mac table gives ${node} an interface "${hostname}", which is another node`,
  mend: () => 'give the interface another name, or the other node the mac',
});

export const messages = [takenHostname] as const;
