/** What a starting server says to the person in front of it: where it is, a change to try, and where to see it. */
import type { Engine } from '../core/engine/types.ts';

/** A short block of text: addresses, a clone, one change, and the answer of a node that really exists. */
export function welcome(
  engine: Pick<Engine, 'view' | 'answer'>,
  urls: { readonly admin: string; readonly node: string },
): string[] {
  const node = exampleNode(engine);
  const lines = [
    '',
    `  litehouse is ready        nodes ${urls.node}   people and git ${urls.admin}`,
    '',
    `  1. clone the cluster      git clone ${urls.admin}/config.git cluster && cd cluster`,
    `  2. change something       echo '"ALL","/etc/motd","tmpfs",,' >> tables/litefile.csv`,
    `                            git commit -am 'A motd of its own' && git push`,
  ];
  if (node !== undefined) lines.push(`  3. see what a node gets   curl ${urls.admin}/nodes/${node}/answer`);
  lines.push(
    `  4. change it back         git revert --no-edit HEAD && git push`,
    '',
    `  what is in effect: litehouse status    stop: Ctrl-C`,
    '',
  );
  return lines;
}

/** The first node that boots statelite and has an answer, else the first one: its refusal then says why. */
function exampleNode(engine: Pick<Engine, 'view' | 'answer'>): string | undefined {
  let first: string | undefined;
  for (const { name, state } of engine.view?.nodes.values() ?? []) {
    first ??= name;
    if (state === 'statelite' && engine.answer(name).kind === 'answer') return name;
  }
  return first;
}
