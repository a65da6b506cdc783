/** A process that is killed at a step of an apply or a removal, or while a build's command runs; started by tests of images. */
import slowImage from '../plugins/slow-image.ts';
import { labEngine } from './engine-lab.ts';

const [repository = '', dir = '', marker = '', killAt = ''] = process.argv.slice(2);
/** `change 3`: before the third change of a live file. */
let changes = 0;
const engine = await labEngine({
  repository,
  dir,
  images: 'built',
  plugins: [slowImage],
  options: { 'slow-image': { marker } },
  onStep: (step, subject) => {
    if (`${step} ${subject}`.trim() === killAt) process.kill(process.pid, 'SIGKILL');
  },
  onLive: () => {
    if (killAt === `change ${++changes}`) process.kill(process.pid, 'SIGKILL');
  },
  onRemoval: (step) => {
    if (step === killAt) process.kill(process.pid, 'SIGKILL');
  },
});
await engine.reconcile('crash test');
if (killAt === 'build') {
  // Until the parent kills it.
  console.log('building');
  setInterval(() => undefined, 1000);
} else {
  await engine.pruneImages({ all: true });
  await engine.close();
}
