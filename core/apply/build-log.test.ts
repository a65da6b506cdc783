import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildLogFile, openBuildLog } from './build-log.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'litehouse-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Reads a log once its last line is on the disk. */
async function ended(file: string, last: string): Promise<string[]> {
  for (;;) {
    const lines = readFileSync(file, { encoding: 'utf8', flag: 'a+' }).trimEnd().split('\n');
    if (lines.at(-1)?.endsWith(last) === true) return lines;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('the log of a build', () => {
  it('has a bounded size: its beginning, how much is left out, and its end', async () => {
    const file = join(dir, 'a.log');
    const log = await openBuildLog(file, 1000);
    for (let i = 0; i < 5000; i++) log.write(`line ${i}`);
    log.end();
    const lines = await ended(file, 'line 4999');
    expect(lines.length).toBeLessThan(300);
    expect(lines[0]).toMatch(/ line 0$/);
    expect(lines.some((line) => /^… \d+ lines are left out/.test(line))).toBe(true);
    expect(lines.at(-201)).toMatch(/left out/);
  });

  it('of the build before is kept once, and of many artifacts only the newest', async () => {
    for (let i = 0; i < 100; i++) writeFileSync(join(dir, `old${i}.log`), '');
    const file = join(dir, 'a.log');
    for (const word of ['first', 'second', 'third']) {
      const log = await openBuildLog(file);
      log.write(word);
      log.end();
      await ended(file, word);
    }
    expect(readFileSync(`${file}.1`, 'utf8')).toContain('second');
    expect(readdirSync(dir).length).toBeLessThanOrEqual(62);
  });

  it('is none where the digest is no file name', async () => {
    expect(buildLogFile('/state', '../x')).toBeUndefined();
    (await openBuildLog(undefined)).write('nowhere');
  });
});
