/** Builds on a disk of a few MiB; runs in a mount namespace of its own, where the disk is mounted. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { rhFamily } from '../../plugins/rh/index.ts';
import { RpmLab } from './rpm-lab.ts';

const lab = new RpmLab();
try {
  await lab.make();
  const built = join(lab.install, 'built');
  mkdirSync(built);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=7m', 'tmpfs', built]);
  const files = lab.files('rhels9.4', 'rh', 'bash\ncoreutils\n');
  const failed = await lab.build(rhFamily, files, { baseOnly: true }).then(
    () => 'built',
    (error: Error) => error.message,
  );
  execFileSync('umount', [built]);
  const next = await lab.build(rhFamily, files, { baseOnly: true });
  console.log(JSON.stringify({ failed, next: readdirSync(next.base) }));
} finally {
  lab.remove();
}
