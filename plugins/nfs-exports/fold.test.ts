import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldAddresses, namedOneByOne } from './fold.ts';

const dotted = (number: number): string => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
const range = (first: number, count: number): Set<string> =>
  new Set(Array.from({ length: count }, (_, at) => dotted(first + at)));

/** Every address that a client lets in. */
function letIn(client: string): string[] {
  const [address = '', length = '32'] = client.split('/');
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return Array.from({ length: 2 ** (32 - Number(length)) }, (_, at) => dotted(first + at));
}

describe('the clients of a state directory', () => {
  it('are its addresses one by one, while a person may want to read them', () => {
    const few = range(0x0a000000, namedOneByOne);
    expect([...foldAddresses(few)].every(([address, client]) => address === client)).toBe(true);
  });

  it('are a few networks where ten thousand nodes stand in a row', () => {
    const clients = new Set(foldAddresses(range(0x0a000001, 10_000)).values());
    expect(clients.size).toBeLessThan(30);
    expect(clients).toContain('10.0.16.0/20');
  });

  it('let in every address of the list and no other, whatever is missing in between', () => {
    const gaps = fc.uniqueArray(fc.integer({ min: 0, max: 1999 }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 0x0a000000, max: 0x0a00ffff }), gaps, (first, missing) => {
        const addresses = range(first, 2000);
        for (const gap of missing) addresses.delete(dotted(first + gap));
        const clients = foldAddresses(addresses);
        expect(new Set(clients.keys())).toEqual(addresses);
        expect(new Set([...new Set(clients.values())].flatMap(letIn))).toEqual(addresses);
        const holds = new Map([...new Set(clients.values())].map((client) => [client, new Set(letIn(client))]));
        expect([...clients].every(([address, client]) => holds.get(client)?.has(address))).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  it('leave IPv6 and unusual spellings as they are', () => {
    const mixed = range(0x0a000000, 2000).add('fd00::3').add('10.0.0.01');
    const clients = foldAddresses(mixed);
    expect([clients.get('fd00::3'), clients.get('10.0.0.01')]).toEqual(['fd00::3', '10.0.0.01']);
  });

  it('end where the addresses of the world end', () => {
    const clients = foldAddresses(range(2 ** 32 - 2048, 2048));
    expect([...new Set(clients.values())]).toEqual(['255.255.248.0/21']);
  });
});
