/** A process that applies a world and is killed where its order says; started by tests with the order as JSON in a file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Effects } from '../../core/apply/effects.ts';
import { openStore } from '../../core/apply/store.ts';
import { applierOptions, openApplier, type WorldSpec, worldOf } from './build.ts';

/** `killAt`: `step subject`, or the number of an effect; the kill comes before or after that effect. */
export interface KillOrder {
  readonly dir: string;
  readonly spec: WorldSpec;
  readonly killAt: string | { readonly effect: number; readonly after: boolean };
}

const order = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as KillOrder;
const { dir, spec, killAt } = order;
const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};
let count = 0;
const killing = (real: Effects): Effects => {
  const around =
    <Args extends readonly unknown[], T>(effect: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      const hit = typeof killAt === 'object' && count++ === killAt.effect;
      if (hit && !killAt.after) die();
      const result = await effect(...args);
      if (hit) die();
      return result;
    };
  return {
    put: around(real.put),
    link: around(real.link),
    hardlink: around(real.hardlink),
    directory: around(real.directory),
    remove: around(real.remove),
    reload: real.reload,
    settle: real.settle,
  };
};
const store = openStore(join(dir, 'state'));
const applier = await openApplier({ ...applierOptions(dir, store, spec), effects: killing });
await applier.recover();
const report = await applier.apply(worldOf(spec), {
  stamp: 's',
  onStep: (step, subject) => {
    if (`${step} ${subject}`.trim() === killAt) die();
  },
});
console.log(JSON.stringify(report.failure ?? report.outcome));
await applier.close();
await store.close();
