import { expect, test } from 'vitest';
import type { NodeDiagnosis } from './examine.ts';
import type { NodeBootFacts } from './facts.ts';
import { checkTables } from './tables.ts';
import { commit, facts } from './testing/facts.ts';
import { diagnosisLines } from './text.ts';
import type { Visit } from './visit.ts';

function diagnosed(given: Partial<NodeBootFacts>): NodeDiagnosis {
  const of = facts(given);
  const house = { here: true, down: undefined } as Visit['house'];
  const visit = { facts: of, house, status: { state: 'applied', head: commit } } as Visit;
  return { node: of.node, verdict: 'fault', findings: checkTables(visit) };
}

const faults = (given: Partial<NodeBootFacts>) =>
  diagnosed(given)
    .findings.filter(({ verdict }) => verdict === 'fault')
    .map(({ what }) => what);

test('two nodes with one address are told in one line, with both names', () => {
  const addresses = [{ address: '10.0.0.1', nodes: ['n02', 'n01'] }];
  const nodes = [diagnosed({ addresses }), diagnosed({ node: 'n02', addresses })];
  const lines = diagnosisLines(nodes, { colour: false, width: 100 });
  const at = lines.findIndex((line) => line.includes('belongs to'));
  expect(lines.slice(at - 1, at + 1)).toEqual([
    'tables: n[01-02]',
    '  fault       address 10.0.0.1 belongs to n01 and n02: nobody is answered under it  (tables/hosts.csv)',
  ]);
  expect(lines.filter((line) => line.includes('belongs to'))).toHaveLength(1);
});

test('a node that cannot be planned names the rows', () => {
  const problem = { code: 'LH320', message: 'n01 has no address', mend: 'add it', from: 'tables/hosts.csv:3' };
  expect(diagnosed({ problems: [problem], addresses: [] }).findings).toContainEqual(
    expect.objectContaining({
      verdict: 'fault',
      from: 'tables/hosts.csv:3',
      mend: 'add it',
      what: expect.stringContaining('LH320: n01 has no address'),
    }),
  );
});

test('without a state, or offline, nothing boots', () => {
  expect(faults({ state: undefined })).toEqual(['has no state: it gets no boot file']);
  expect(faults({ state: 'offline' })).toEqual(['is set offline: nothing is served to it']);
  expect(faults({ state: undefined, currstate: { text: 'install x', from: '' } })).toEqual([
    "has the state 'install x', which is none: it gets no boot file",
  ]);
});

test('a node that waits is a fault only where it has nothing to boot meanwhile', () => {
  const waiting = { image: 'compute', artifacts: ['rh/base@1'] };
  expect(faults({ waiting, tftp: { asked: [] } })).toEqual([
    'waits for image compute (rh/base@1); it has no boot files until then',
  ]);
  expect(faults({ waiting: { ...waiting, keeps: commit } })).toEqual([]);
});

test('a loader that no plugin writes for is a fault', () => {
  expect(faults({ netboot: { text: 'grub2', from: '' }, tftp: { asked: [] } })).toEqual([
    'no plugin writes a boot file for grub2',
  ]);
});
