/** Bench `images-initrd`: size and time of the small initrd of a Debian kernel, beside cpio and gzip of the same files by hand. */
import { execFile } from 'node:child_process';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { commandRunner } from '../../core/apply/run-command.ts';
import { buildInitrd } from '../../core/image/initrd/initrd.ts';
import { findKernel } from '../../core/image/initrd/kernel.ts';
import { nodeProgram } from '../../core/image/node/program.ts';
import { baseOf, Workshop } from '../../plugins/debian/testing/build.ts';
import { median, milliseconds, printTable, range, timed } from './figures.ts';

const run = promisify(execFile);
/** As the template's row has them. */
const netdrivers = ['virtio_net', 'e1000'];
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Needs root, a mirror of Debian 12, and apt and cpio of this host. */
export async function benchInitrd(_scratch: string, rounds = 5): Promise<boolean> {
  if (process.getuid?.() !== 0) throw new Error('images are built as root');
  const workshop = await Workshop.open();
  try {
    const rootimg = join(await workshop.build(baseOf(['linux-image-amd64'])), 'rootimg');
    const kernel = await findKernel(rootimg, undefined);
    const [out, tree] = [join(workshop.directory, 'initrd.gz'), join(workshop.directory, 'unpacked')];
    let modules: readonly string[] = [];
    const ours = async () => {
      const options = { rootimg, kernelVersion: kernel.version, out, netdrivers, permission: '755' };
      const more = { program: nodeProgram(), localdisk: true, run: commandRunner(), log: () => undefined };
      ({ modules } = await buildInitrd({ ...options, ...more }));
    };
    const byHand = async () => {
      const pack = 'cd "$1" && find . | cpio --quiet -o -H newc | gzip -6 > "$2"';
      await run('sh', ['-c', pack, 'sh', tree, `${out}.by-hand`]);
    };
    await ours();
    await mkdir(tree);
    await run('sh', ['-c', 'cd "$1" && gzip -dc "$2" | cpio --quiet -idm', 'sh', tree, out]);
    const times: Record<'ours' | 'theirs', number[]> = { ours: [], theirs: [] };
    for (let i = 0; i < rounds; i++) {
      const both = [async () => times.ours.push(await timed(ours)), async () => times.theirs.push(await timed(byHand))];
      for (const one of i % 2 === 0 ? both : both.reverse()) await one();
    }
    const [size, theirs] = [(await stat(out)).size, (await stat(`${out}.by-hand`)).size];
    await rm(tree, { recursive: true });
    const time = median(times.ours);
    return printTable(`images-initrd: kernel ${kernel.version}`, [
      {
        what: 'the small initrd',
        value: megabytes(size),
        from: `${modules.length} modules, for ${netdrivers.join(' and ')} and local disks`,
        goal: '≤ 6 MB',
        met: size <= 6e6,
      },
      { what: 'its build', value: milliseconds(time), from: range(times.ours), goal: '≤ 500 ms', met: time <= 500 },
      { what: 'cpio and gzip of the same files', value: milliseconds(median(times.theirs)), from: range(times.theirs) },
      { what: 'what they make', value: megabytes(theirs), from: 'gzip -6' },
    ]);
  } finally {
    await workshop.close();
  }
}
