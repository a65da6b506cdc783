/** A process that reconciles an engine and is killed at a named step; started by crash.test.ts. */
import { labEngine } from './engine-lab.ts';

const [repository = '', dir = '', killAt = ''] = process.argv.slice(2);
const engine = await labEngine({
  repository,
  dir,
  onStep: (step, subject) => {
    if (`${step} ${subject}`.trim() === killAt) process.kill(process.pid, 'SIGKILL');
  },
});
const result = await engine.reconcile('crash test');
console.log(JSON.stringify(result));
await engine.close();
