/** `npm run bench [-- NAME…]`: measures a built litehouse; prints one table a bench, each figure with its goal and yes or NO. */
import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { benchAnswers } from './answers.ts';
import { benchBoot } from './boot.ts';
import { benchExplain } from './explain.ts';
import { makeScratch } from './house.ts';
import { benchDebianImages } from './images-debian.ts';
import { benchInitrd } from './images-initrd.ts';
import { benchRpmImages } from './images-rpm.ts';
import { benchLiteimg } from './liteimg.ts';
import { benchApply, benchPush } from './push.ts';
import { benchResolve } from './resolve.ts';
import { benchRevert } from './revert.ts';
import { benchStart } from './start.ts';
import { benchStorm } from './storm.ts';
import { benchTftp } from './tftp.ts';

const benches: Readonly<Record<string, (scratch: string) => Promise<boolean>>> = {
  push: benchPush,
  apply: benchApply,
  answers: benchAnswers,
  start: benchStart,
  storm: benchStorm,
  resolve: benchResolve,
  explain: benchExplain,
  revert: benchRevert,
  liteimg: benchLiteimg,
  'images-initrd': benchInitrd,
  'images-rpm': benchRpmImages,
  'images-debian': benchDebianImages,
  tftp: benchTftp,
  boot: () => benchBoot('words'),
  'boot-debian': () => benchBoot('debian'),
};

const asked = process.argv.slice(2);
/** `images` means each of its parts. */
const isMeant = (bench: string, name: string) =>
  bench === name || (benches[name] === undefined && bench.startsWith(`${name}-`));
const unknown = asked.find((name) => !Object.keys(benches).some((bench) => isMeant(bench, name)));
if (unknown !== undefined) {
  console.error(`no bench ${unknown}; there are ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}
// What people run is measured, not the sources through a loader.
const build = spawnSync('npm', ['run', '--silent', 'build'], {
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  stdio: 'inherit',
});
if (build.status !== 0) {
  console.error('the build failed: nothing was measured');
  process.exit(2);
}
const from = performance.now();
const scratch = await makeScratch();
let good = true;
try {
  for (const [name, bench] of Object.entries(benches)) {
    if (asked.length > 0 && !asked.some((one) => isMeant(name, one))) continue;
    good = (await bench(scratch)) && good;
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
console.log(`\n${good ? 'every goal met' : 'NOT every goal met'}, ${Math.round((performance.now() - from) / 1000)} s`);
process.exitCode = good ? 0 : 1;
