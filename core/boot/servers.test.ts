import { describe, expect, it } from 'vitest';
import { fakeView } from '../plugin/testing/view.ts';
import { bootTargets, ourServers } from './servers.ts';

const view = fakeView({
  site: { master: 'mgt' },
  hosts: { mgt: '10.0.0.1' },
  nodes: {
    sn1: { groups: ['service'], addresses: ['10.0.0.2', '10.1.0.2'] },
    sn2: { groups: ['service'], addresses: ['10.0.0.3'] },
    n01: { groups: ['rack1'] },
    n02: { groups: ['rack2'] },
  },
  tables: {
    servicenode: [
      { node: 'service', nfsserver: '1', tftpserver: '' },
      { node: 'sn1', nfsserver: '', tftpserver: 'yes' },
    ],
    noderes: [{ node: 'rack1', servicenode: 'sn1,sn2' }],
  },
});

describe('our servers', () => {
  it('are the management node and the service nodes that give the service', () => {
    expect(ourServers(view, 'nfsserver').targets).toEqual(['mn', 'sn1', 'sn2']);
    expect(ourServers(view, 'tftpserver').targets).toEqual(['mn', 'sn1']);
  });

  it('are found by each of their addresses, and nobody else is', () => {
    const servers = ourServers(view, 'nfsserver');
    expect(['10.0.0.1', '10.1.0.2', '10.0.0.3', '10.9.9.9', undefined].map(servers.targetOf)).toEqual([
      'mn',
      'sn1',
      'sn2',
      undefined,
      undefined,
    ]);
  });

  it('hold the boot files of the nodes that name them, where they give TFTP', () => {
    const servers = ourServers(view, 'tftpserver');
    const targets = [...view.nodes.values()].map((node) => bootTargets(view, node, servers));
    expect(targets).toEqual([['mn', 'sn1'], ['mn'], ['mn'], ['mn']]);
  });
});
