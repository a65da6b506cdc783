/** A node's facts for tests that need no server: one that boots well, but for what is given. */
import type { NodeBootFacts } from '../facts.ts';

export const commit = 'a'.repeat(40);

export function facts(given: Partial<NodeBootFacts>): NodeBootFacts {
  return {
    ...{ node: 'n01', from: 'tables/nodelist.csv:2', applied: commit, state: 'statelite' },
    ...{ netboot: { text: 'pxe', from: 'tables/noderes.csv:2 netboot' }, problems: [] },
    ...{ addresses: [{ address: '10.0.0.1', nodes: ['n01'] }], macs: [{ mac: '52:54:00:00:00:01' }] },
    ...{ answer: { status: 200 }, persistent: 0, reloads: false, roots: {}, installdir: '/install' },
    ...{ dhcp: { served: false, replies: [] }, tftp: { loader: 'pxelinux', asked: [] }, exports: [], trees: [] },
    ...given,
  };
}
