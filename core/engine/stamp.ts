/** The stamp: the digest of all that shapes outputs besides the commit (DESIGN 1). */
import { createHash } from 'node:crypto';
import type { LoadedPlugin } from '../plugin/loaded.ts';
import { contractVersion } from '../plugin/plugin.ts';
import type { EngineSettings } from './types.ts';

export function stampOf(
  settings: EngineSettings,
  plugins: readonly LoadedPlugin[],
  options: Readonly<Record<string, unknown>>,
): string {
  const parts = {
    contract: contractVersion,
    target: settings.target,
    images: settings.images,
    reloads: settings.reloads,
    roots: settings.roots.map(({ name, dir }) => [name, dir]),
    plugins: plugins.map(({ plugin }) => [plugin.name, plugin.version, options[plugin.name] ?? {}]),
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
