/** Step 1: what the tables say of the node, before anything is fetched. */
import { type Finding, Findings } from './finding.ts';
import type { Visit } from './visit.ts';

/** Whether the node is to boot from us at all; where not, the steps after have nothing to look at. */
export function bootsFromUs({ facts }: Visit): boolean {
  return (facts.state === 'statelite' || facts.state === 'shell') && facts.problems.length === 0;
}

export function checkTables(visit: Visit): readonly Finding[] {
  const found = new Findings('tables');
  inEffect(found, visit);
  state(found, visit);
  addresses(found, visit);
  macs(found, visit);
  image(found, visit);
  waiting(found, visit);
  policy(found, visit);
  return found.list;
}

/** Whoever pushed a mend and sees nothing of it reads here why. */
function inEffect(found: Findings, { status, facts, house }: Visit): void {
  if (house.down?.hangs) found.fault(`${house.down.what}; what is below is read without it`, { mend: house.down.mend });
  const { head, state, problem } = status;
  if (head === facts.applied && state !== 'refused' && state !== 'failed') return;
  const why = problem === undefined ? '' : `: ${problem}`;
  found.warning(
    `main is ${head?.slice(0, 10) ?? 'gone'}, but in effect is ${facts.applied.slice(0, 10)} (${state})${why}`,
    {
      mend: 'litehouse status; what is below is of what is in effect',
    },
  );
}

function state(found: Findings, { facts }: Visit): void {
  const { currstate, problems, netboot, tftp } = facts;
  const from = currstate?.from ?? facts.from;
  if (facts.state === undefined) {
    const why = currstate === undefined ? 'has no state' : `has the state '${currstate.text}', which is none`;
    found.fault(`${why}: it gets no boot file`, { from, mend: 'litehouse nodeset NODE statelite=IMAGE' });
  } else if (facts.state === 'offline') {
    found.fault('is set offline: nothing is served to it', { from, mend: 'litehouse nodeset NODE statelite=IMAGE' });
  } else if (facts.state === 'boot') {
    found.ok('state boot: it is to start from its own disk', { from });
  } else found.ok(`state ${facts.state}`, { from });
  for (const { code, message, mend, from: place } of problems) {
    found.fault(`${code}: ${message}; so it gets no boot file`, { from: place ?? facts.from, mend });
  }
  if (facts.state === undefined || facts.state === 'offline' || problems.length > 0) return;
  if (tftp.loader !== undefined) {
    found.ok(`boot loader ${tftp.loader}`, { from: netboot?.from, detail: `noderes.netboot ${netboot?.text}` });
  } else if (facts.waiting !== undefined && facts.waiting.keeps === undefined) {
    found.unchecked('boot loader: it has no boot file yet, because it waits (below)');
  } else {
    found.fault(`no plugin writes a boot file for ${netboot === undefined ? 'no noderes.netboot' : netboot.text}`, {
      from: netboot?.from ?? facts.from,
      mend: 'noderes.netboot pxe or yaboot, with the plugin of that loader on; litehouse check says more',
    });
  }
}

function addresses(found: Findings, { facts }: Visit): void {
  for (const { address, nodes } of facts.addresses) {
    const others = nodes.filter((node) => node !== facts.node);
    if (others.length === 0) {
      found.ok('its address is its alone', { detail: address, from: 'tables/hosts.csv' });
      continue;
    }
    found.fault(`address ${address} belongs to ${[...nodes].sort().join(' and ')}: nobody is answered under it`, {
      from: 'tables/hosts.csv',
      mend: 'give each node an address of its own in hosts.ip',
    });
  }
}

function macs(found: Findings, { facts }: Visit): void {
  if (facts.macs.length > 0) {
    found.ok('mac known', { detail: facts.macs.map(({ mac }) => mac).join(' '), from: facts.macFrom });
    return;
  }
  found.warning('no mac: DHCP can know it only by other means, and its loader finds its file only by address', {
    from: facts.from,
    mend: "write the boot interface's address into mac.mac: litehouse chtab node=NODE mac.mac=AA:BB:CC:DD:EE:FF",
  });
}

function image(found: Findings, { facts }: Visit): void {
  if (facts.image === undefined) return;
  const { name, kind, generation, from } = facts.image;
  const more = kind === 'external' ? 'external: the tree is your own' : `generation ${generation}`;
  found.ok(`image ${name}, ${more}`, { from });
}

function waiting(found: Findings, { facts }: Visit): void {
  const { waiting: waits } = facts;
  if (waits === undefined) return;
  const keeps =
    waits.keeps === undefined
      ? 'it has no boot files until then'
      : `until then it boots as of ${waits.keeps.slice(0, 10)}`;
  const why =
    waits.behind === undefined
      ? `waits for image ${waits.image ?? ''} (${waits.artifacts.join(', ')})`
      : `waits for ${waits.behind}, which has its address or file name still`;
  const mend =
    waits.behind === undefined
      ? 'litehouse status shows the build; litehouse images build tries again'
      : 'litehouse status';
  const say = waits.keeps === undefined ? 'fault' : 'warning';
  found[say](`${why}; ${keeps}`, { mend });
}

function policy(found: Findings, visit: Visit): void {
  const { answer } = visit.facts;
  if (!bootsFromUs(visit)) return;
  if (answer.status === 200) found.ok('the policy table allows it its answer', { from: 'tables/policy.csv' });
  else if (answer.status === 403) {
    // The reason begins with the node's name; the same row refuses many.
    const reason = (answer.reason ?? '').replace(`${visit.facts.node} may not`, 'it may not');
    found.fault(`refused: ${reason}`, {
      from: 'tables/policy.csv',
      mend: 'add a row of a smaller priority that allows it, or take the one away that refuses',
    });
  } else found.fault(`no answer: ${answer.reason}`, { mend: 'litehouse status says what is in effect' });
}
