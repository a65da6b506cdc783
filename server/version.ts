/** The version of this litehouse. */
import { readFileSync } from 'node:fs';

/** It stands in package.json: beside `server` in the sources, one folder further up in what is built. */
function readVersion(): string {
  for (const up of ['../package.json', '../../package.json']) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'));
      if (typeof found === 'object' && found !== null && 'version' in found) return String(found.version);
    } catch {
      // Not here: one further up.
    }
  }
  return 'unknown';
}

export const version = readVersion();
