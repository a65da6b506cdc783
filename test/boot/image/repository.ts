/**
 * Makes a repository of RPMs that a machine boots from: `repository.ts DIRECTORY KERNEL-TREE`, and with `tool VERSION` behind them
 * adds that version of one package. A small system of this host's programs, a real kernel, and busybox with the lab's own init.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { indexRpms, type MadeFile, type MadePackage, makeRpms, smallSystem } from '../../fixtures/rpm-repository.ts';

const [directory = '', tree = '', only, version = '1'] = process.argv.slice(2);
const here = fileURLToPath(new URL('.', import.meta.url));

function tool(): MadePackage {
  return { name: 'tool', version, files: { '/usr/share/tool': { text: `tool ${version}\n` } } };
}

/** The kernel as its own package has it. */
function kernel(): MadePackage {
  const [release = ''] = readdirSync(join(tree, 'lib/modules'));
  const from = join(tree, 'lib/modules', release);
  const files: Record<string, MadeFile> = {
    [`/boot/vmlinuz-${release}`]: { from: join(tree, 'boot', `vmlinuz-${release}`) },
  };
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (/\.ko$|^modules\./.test(name)) files[`/usr/lib/modules/${release}/${name}`] = { from: join(from, name) };
  }
  const [number = '', ...rest] = release.split('-');
  return {
    ...{ name: 'kernel-core', version: number, release: rest.join('.'), arch: 'x86_64', files },
    header: ['Requires: filesystem', 'Provides: installonlypkg(kernel)'],
  };
}

function init(): MadePackage {
  return {
    name: 'lab-init',
    arch: 'x86_64',
    header: ['Requires(pre): filesystem'],
    files: {
      '/usr/sbin/init': { text: readFileSync(join(here, 'lab-init.sh')), mode: 0o755 },
      '/usr/bin/busybox': { from: '/bin/busybox', mode: 0o755 },
      '/usr/share/live': { text: 'live 0\n' },
      '/etc/issue': { text: 'issue of the image\n' },
      '/etc/lab-mode': { text: 'once\n' },
      '/etc/lab-release': { text: 'packages\n' },
      '/var/log': {},
      '/var/lib/lab': {},
    },
  };
}

mkdirSync(directory, { recursive: true });
if (only === 'tool') await makeRpms(directory, [tool()]);
else
  await makeRpms(directory, [...smallSystem().filter(({ name }) => name !== 'kernel-core'), kernel(), init(), tool()]);
indexRpms(directory);
writeFileSync(join(directory, '.made'), '');
