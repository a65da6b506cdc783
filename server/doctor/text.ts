/** What doctor says to people: one node in the order of its boot; of many, each fault once, with the nodes that have it. */
import { foldNodes } from '../../core/noderange/fold.ts';
import { paint, type Terminal, withoutControls } from '../terminal.ts';
import type { NodeDiagnosis } from './examine.ts';
import { type Finding, steps, type Verdict } from './finding.ts';

type Screen = Pick<Terminal, 'colour' | 'width'>;

const colours = { fault: 'red', warning: 'yellow', ok: 'green', 'not checked': 'dim' } as const;
const urgency: readonly Verdict[] = ['fault', 'warning', 'not checked', 'ok'];

export function diagnosisLines(nodes: readonly NodeDiagnosis[], screen: Screen): string[] {
  const [first] = nodes;
  const lines = nodes.length === 1 && first !== undefined ? oneNode(first, screen) : manyNodes(nodes, screen);
  return [...lines, '', summary(nodes, screen)];
}

function oneNode({ node, findings }: NodeDiagnosis, screen: Screen): string[] {
  return steps.flatMap((step) => {
    const ofStep = findings.filter((finding) => finding.step === step);
    return ofStep.length === 0 ? [] : [step, ...ofStep.flatMap((finding) => findingLines(finding, screen, node))];
  });
}

function manyNodes(nodes: readonly NodeDiagnosis[], screen: Screen): string[] {
  const groups = new Map<string, { readonly finding: Finding; readonly nodes: string[] }>();
  for (const { node, findings } of nodes) {
    // A node says the same thing of each of its macs or trees.
    const said = new Set<string>();
    for (const finding of findings) {
      const { step, verdict, what, mend, from } = finding;
      const key = [step, verdict, what, mend, from].join('\0');
      if (verdict === 'ok' || said.has(key)) continue;
      said.add(key);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { finding, nodes: [node] });
      else group.nodes.push(node);
    }
  }
  const sorted = [...groups.values()].sort(
    (a, b) =>
      urgency.indexOf(a.finding.verdict) - urgency.indexOf(b.finding.verdict) ||
      steps.indexOf(a.finding.step) - steps.indexOf(b.finding.step),
  );
  return sorted.flatMap(({ finding, nodes: with_ }) => {
    const [first = ''] = with_;
    const { detail, ...rest } = finding;
    const example = detail === undefined ? {} : { detail: with_.length === 1 ? detail : `${first}: ${detail}` };
    const [line = '', ...more] = findingLines({ ...rest, ...example }, screen, with_.length === 1 ? first : undefined);
    return [`${finding.step}: ${foldNodes(with_, Math.max(40, screen.width - 20))}`, line, ...more];
  });
}

function findingLines(finding: Finding, screen: Screen, node: string | undefined): string[] {
  const { verdict, what, detail, from, mend } = finding;
  const [first = '', ...more] = withoutControls(what, true).split('\n');
  const word = paint(screen, colours[verdict], verdict.padEnd(11));
  const beside = [detail, from === undefined ? undefined : `(${from})`].filter((it) => it !== undefined);
  const tail = beside.length === 0 ? '' : `  ${withoutControls(beside.join('  '))}`;
  const lines = [`  ${word} ${first}${tail}`, ...more.map((line) => `              ${line}`)];
  if (mend !== undefined)
    lines.push(`              mend: ${node === undefined ? mend : mend.replace(/\bNODE\b/g, node)}`);
  return lines;
}

function summary(nodes: readonly NodeDiagnosis[], screen: Screen): string {
  const of = (verdict: Verdict): string[] => nodes.flatMap((it) => (it.verdict === verdict ? [it.node] : []));
  const [faults, warnings, well] = [of('fault'), of('warning'), of('ok')];
  const room = Math.max(40, screen.width - 30);
  const parts: string[] = [];
  if (faults.length > 0) parts.push(`${paint(screen, 'red', 'faults')}: ${foldNodes(faults, room)}`);
  if (warnings.length > 0)
    parts.push(`${paint(screen, 'yellow', 'should boot, with warnings')}: ${foldNodes(warnings, room)}`);
  if (well.length > 0) parts.push(`${paint(screen, 'green', 'all well')}: ${foldNodes(well, room)}`);
  return parts.join('; ');
}
