/** The text of the node's boot program, for the initrds that run it and for the image that shows it. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** A file that stands beside the sources of this folder; what is built (`dist`) stands beside the sources' `core`. */
export function ownText(name: string): string {
  for (const folder of [here, join(here, '../../../../core/image/node')])
    if (existsSync(join(folder, name))) return readFileSync(join(folder, name), 'utf8');
  throw new Error(`core/image/node/${name} is missing from this litehouse: install it whole`);
}

/** What runs between mounting the root and switch_root; also laid at /etc/init.d/statelite, where it only says what it is. */
export function nodeProgram(): string {
  return ownText('statelite');
}

/** Digest of the program, for the recipe of an initrd. */
export function nodeProgramDigest(): string {
  return createHash('sha256').update(nodeProgram()).digest('hex').slice(0, 12);
}
