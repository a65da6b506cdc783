/** Law 3 across threads: at every step of an apply, what boot files name is answered, and what answers point at is there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { askAs } from '../../test/server/harness.ts';
import { builtLab, lines } from '../../test/world/built-lab.ts';
import { NodeFigures } from './figures.ts';
import { NodeThread } from './thread.ts';

const lab = builtLab();

test('at every step of an apply a boot file and an answer fit together, before, at and after the flip', async () => {
  const hosts = { 'tables/hosts.csv': lines('#node,ip', '"n03","127.0.1.13"') };
  const of = (k: number) => ({
    ...hosts,
    'tables/litefile.csv': lines('#image,file,options', `"ALL","/etc/file${k}",""`),
    'tables/litetree.csv': lines('#priority,image,directory', `"1","ALL","10.0.0.1:/syncdirs/t${k}"`),
    [`syncdirs/t${k}/etc/file${k}`]: 'x\n',
  });
  const [first = '', second = '', third = ''] = await lab.commits(of(1), of(2), of(3));
  const thread = new NodeThread({ figures: new NodeFigures(), log: () => {} });
  const steps: string[] = [];
  const pairs = new Set<string>();
  let look = async (_step: string): Promise<void> => {};
  try {
    const engine = await lab.start((step, subject) => look(`${step} ${subject}`));
    const listener = await thread.listen({
      address: { host: '127.0.0.1', port: 0 },
      engine,
      reports: { receive: () => true, stored: async () => {}, tried: async () => true },
      onEnd: () => {},
    });
    const ask = (query: string) => askAs('127.0.1.13', `${listener.url}/answer${query}`);
    expect((await ask('')).status).toBe(503);
    await lab.apply(first);
    look = async (step) => {
      steps.push(step);
      const generation = / LHGEN=(\S+)/.exec(lab.boot('n03'))?.[1] ?? '';
      const booted = await ask(`?generation=${generation}`);
      expect([booted.status, booted.text], step).toEqual([
        200,
        expect.stringContaining(`\ngeneration\t${generation}\n`),
      ]);
      const [, commit] = /^commit\t(.*)$/m.exec(booted.text) ?? [];
      pairs.add(`${commit} ${generation}`);
      const [, tree = ''] = /^tree\t.*\/syncdirs\/(.*)$/m.exec(booted.text) ?? [];
      expect(existsSync(join(lab.dir, 'syncdirs', tree)), `${step}: tree ${tree} is published`).toBe(true);
      expect(booted.text).toMatch(/^file\tlink\t\/etc\/file\d$/m);
    };
    await lab.apply(second);
    await lab.apply(third);
    look = async () => {};
    expect((await ask('')).text).toContain(`commit\t${third}\n`);
    // A boot file of the new commit was asked for while the old answers stood, and there was pruning to come after the flip.
    expect(new Set([...pairs].map((pair) => pair.split(' ')[0]))).toEqual(new Set([first, second, third]));
    expect(pairs.size).toBe(5);
    expect(steps.slice(steps.indexOf('flip ') + 1)).toContain('prune syncdirs');
    await listener.close(0);
  } finally {
    await thread.end();
  }
});
