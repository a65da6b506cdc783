/** Bench `explain`: what a person waits for at 10,000 nodes, from the start of the command to its end. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generateCluster, nodeName } from '../cluster/generate.ts';
import { writeRepository } from '../cluster/repository.ts';
import { type Figure, median, milliseconds, printTable, range } from './figures.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url));
const nodes = 10_000;

/** Goal: an explanation, and a list of nodes, in under a second. */
export async function benchExplain(scratch: string, rounds = 7): Promise<boolean> {
  const repo = join(scratch, 'explain.git');
  await writeRepository(generateCluster({ nodes, seed: 7 }), repo);
  const node = nodeName(1, nodes);
  const commands: readonly { readonly words: readonly string[]; readonly says: RegExp; readonly most?: number }[] = [
    { words: ['--version'], says: /\d/ },
    { words: ['explain', node, '/etc/motd'], says: /litefile\.csv/, most: 1000 },
    { words: ['explain', node, 'noderes.nfsserver'], says: /noderes\.csv/, most: 1000 },
    { words: ['nodels'], says: new RegExp(nodeName(nodes, nodes)), most: 1000 },
    { words: ['nodels', 'rack1', 'noderes.nfsserver'], says: /10\.0\.0\.1/, most: 1000 },
    { words: ['check'], says: /10,?000 nodes/ },
  ];
  const times = commands.map(() => [] as number[]);
  for (let i = 0; i < rounds; i++) {
    for (const [k, { words, says }] of commands.entries()) {
      const place = words[0] === '--version' ? [] : ['--repo', repo];
      const from = performance.now();
      const { stdout } = await run(process.execPath, [program, ...words, ...place], {
        cwd: scratch,
        maxBuffer: 2 ** 24,
      });
      times[k]?.push(performance.now() - from);
      if (!says.test(stdout)) throw new Error(`litehouse ${words.join(' ')} said:\n${stdout.slice(0, 1000)}`);
    }
  }
  const figures: Figure[] = commands.map(({ words, most }, k) => {
    const values = times[k] ?? [];
    const goal = most === undefined ? {} : { goal: `≤ ${most} ms`, met: median(values) <= most };
    return { what: `litehouse ${words.join(' ')}`, value: milliseconds(median(values)), from: range(values), ...goal };
  });
  return printTable('explain: whole commands on a repository of 10,000 nodes', figures);
}
