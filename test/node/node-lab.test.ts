/** The lab of the boot program, where a mistake would reach the host. */
import { lstatSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NodeLab } from './node-lab.ts';

test("a script in the place of an applet never writes into the host's busybox, which that is a link to", async () => {
  const lab = await new NodeLab().start();
  const host = join(lab.directory, 'busybox of the host');
  writeFileSync(host, 'busybox');
  rmSync(join(lab.bin, 'mount'));
  symlinkSync(host, join(lab.bin, 'mount'));
  const script = lab.script('mount', ['exit 1']);
  expect(readFileSync(host, 'utf8')).toBe('busybox');
  expect(lstatSync(script).isFile()).toBe(true);
  await lab.stop();
});
