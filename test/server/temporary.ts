/** Temporary directories that a test leaves no trace of. */
import { mkdtempSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

/** Gives a function that makes directories; each test file calls it once. All are removed after each test. */
export function temporaryDirs(): () => string {
  const made: string[] = [];
  afterEach(async () => {
    for (const dir of made.splice(0)) await rm(dir, { recursive: true, force: true });
  });
  return () => {
    const dir = realpathSync(mkdtempSync(join(tmpdir(), 'litehouse-test-')));
    made.push(dir);
    return dir;
  };
}
