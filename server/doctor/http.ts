/** Step 4: the one request of the boot: is the node listener where XCAT= says, and what does it tell this node. */
import { type Finding, Findings } from './finding.ts';
import { type Address, addressText, parseAddress } from './probes.ts';
import { managementNode, type Visit } from './visit.ts';

export async function checkHttp(visit: Visit): Promise<readonly Finding[]> {
  const found = new Findings('http');
  const { boot, facts, house } = visit;
  if (boot === undefined || boot.local) {
    found.unchecked(boot === undefined ? 'it has no boot file' : 'it starts from its own disk');
    return found.list;
  }
  const xcat = boot.words.get('XCAT');
  const generation = boot.words.get('LHGEN');
  if (xcat === undefined || xcat === '') {
    found.fault('its kernel line has no XCAT=host:port: it stops before it asks', { mend: 'litehouse apply --repair' });
    return found.list;
  }
  await listener(found, visit, parseAddress(xcat, 3001), generation);
  const { status, text } = await house.answer(facts.node, generation);
  if (status === 200) answered(found, text);
  else if (status === 403) found.unchecked('its answer: it is refused, as the tables step says');
  else {
    found.fault(`its answer is a refusal: ${refusalOf(text) ?? `status ${status}`}`, {
      mend:
        status === 409
          ? 'its boot file names a generation that is not served: litehouse apply --repair, then boot it again'
          : 'litehouse status says what is in effect',
    });
  }
  return found.list;
}

/** Asks as a node would, from here: no node has this machine's address, so a refusal proves that it is there. */
async function listener(found: Findings, visit: Visit, at: Address, generation: string | undefined): Promise<void> {
  const path = `/answer?generation=${encodeURIComponent(generation ?? '')}&always=200`;
  const answer = await visit.probes.get(at, path);
  if ('why' in answer) {
    found.fault(`nobody answers at XCAT=${addressText(at)}: ${answer.why}`, {
      from: 'noderes.xcatmaster, site.master and site.xcatdport',
      mend: mendOf(visit, at),
    });
    return;
  }
  if (!answer.text.startsWith('litehouse\t')) {
    found.fault(`what answers at XCAT=${addressText(at)} is no node listener of litehouse`, {
      from: 'noderes.xcatmaster, site.master and site.xcatdport',
      mend: mendOf(visit, at),
    });
    return;
  }
  const refusal = refusalOf(answer.text);
  const how =
    refusal === undefined ? 'it took this machine for a node' : `it refuses this machine, which is no node: ${refusal}`;
  found.ok(`the node listener answers at XCAT=${addressText(at)}`, { detail: how });
}

function mendOf({ facts, house }: Visit, at: Address): string {
  const ours = facts.listeners?.node;
  if (facts.master?.target !== managementNode)
    return 'is litehouse running on that host, with its node listener at that port?';
  if (house.down !== undefined) return `${house.down.what}: ${house.down.mend}`;
  if (ours === undefined) return 'litehouse status says whether it runs';
  if (ours.port !== at.port) {
    return `litehouse listens at ${addressText(ours)}: make "nodeListen" in litehouse.json and site.xcatdport name one port`;
  }
  if (ours.host !== '0.0.0.0' && ours.host !== '::' && ours.host !== at.host) {
    return `litehouse listens at ${addressText(ours)} alone: "nodeListen": "0.0.0.0:${ours.port}" in litehouse.json, and start it again`;
  }
  return `litehouse listens at ${addressText(ours)}: does a firewall let TCP port ${at.port} through, and is ${at.host} its address?`;
}

function answered(found: Findings, text: string): void {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const of = (word: string): string => lines.find(([first]) => first === word)?.[1] ?? '';
  const count = (...words: readonly string[]): number => lines.filter(([first = '']) => words.includes(first)).length;
  const entries = count('file', 'directory');
  found.ok(
    `its answer: commit ${of('commit').slice(0, 10)}, generation ${of('generation')}, ${entries} entries, ${count('tree')} trees`,
  );
}

function refusalOf(text: string): string | undefined {
  return /^refusal\t(.*)$/m.exec(text)?.[1];
}
