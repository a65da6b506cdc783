/** What running nodes booted with, read beside the server that remembers it: so that a plan shows what would be held for them. */
import { join } from 'node:path';
import type { BootedParts } from '../../core/plan/compose.ts';
import type { Settings } from '../settings.ts';

/** Undefined where it cannot be read: another user's server, or one that never heard of a boot. */
export async function bootedWith({ state }: Pick<Settings, 'state'>): Promise<BootedParts | undefined> {
  // Loaded late: the store brings native code, and most reading commands need none.
  const [{ readStore }, { readBooted }] = await Promise.all([
    import('../../core/apply/store-copy.ts'),
    import('../../core/engine/holds.ts'),
  ]);
  try {
    return await readStore(join(state, 'lmdb'), readBooted);
  } catch {
    return undefined;
  }
}
