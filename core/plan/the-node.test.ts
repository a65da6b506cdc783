import { expect, it } from 'vitest';
import { ofTheNode } from './the-node.ts';

it('says a reason of any node, and leaves names alone that only hold the name of the node', () => {
  expect(ofTheNode('n12 has no address (tables/hosts.csv): give n12 one.', 'n12')).toBe(
    'the node has no address (tables/hosts.csv): give the node one.',
  );
  expect(ofTheNode('waiting for image debian12-x86_64-compute', 'n12')).toBe(
    'waiting for image debian12-x86_64-compute',
  );
  expect(ofTheNode('n1.b-c waits, n1xb-c does not', 'n1.b-c')).toBe('the node waits, n1xb-c does not');
});
