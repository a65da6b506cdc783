/** What a starting server says to the person in front of it: where it is, a change to try, and where to see it. */
import type { Engine } from '../core/engine/types.ts';

/** A short block of text: addresses, a clone, one change, and the answer of a node that really exists. */
export function welcome(
  engine: Pick<Engine, 'view' | 'answer' | 'world'>,
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

/** The first node that has a boot file, else the first with an answer, else the first: its refusal then says why. */
function exampleNode(engine: Pick<Engine, 'view' | 'answer' | 'world'>): string | undefined {
  const boots = new Set<string>();
  for (const entry of engine.world?.roots.get('tftp')?.values() ?? [])
    if (entry.node !== undefined) boots.add(entry.node);
  const names = [...(engine.view?.nodes.keys() ?? [])];
  const answered = names.filter((name) => engine.answer(name).kind === 'answer');
  return answered.find((name) => boots.has(name)) ?? answered[0] ?? names[0];
}
