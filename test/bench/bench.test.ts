import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readBoots } from './boot.ts';
import { growth, median, printTable } from './figures.ts';
import { callsFigure, countCalls } from './liteimg.ts';
import { requestsPerSecond } from './load.ts';
import { compareLooks, look } from './pushing.ts';

describe('median', () => {
  it('is the middle one, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 2, 100])).toBe(3);
    expect(() => median([])).toThrow();
  });
});

describe('growth', () => {
  it('is 1 for what is linear, 2 for what is quadratic, and nothing for what stays', () => {
    const sizes = [1000, 10_000, 100_000];
    expect(growth(sizes.map((n) => [n, 3 * n]))).toBeCloseTo(1);
    expect(growth(sizes.map((n) => [n, n * n]))).toBeCloseTo(2);
    expect(growth(sizes.map((n) => [n, 7]))).toBeCloseTo(0);
  });
});

describe('system calls that nobody could count', () => {
  it('are a goal that was missed, which the table says', () => {
    const lines: unknown[] = [];
    const print = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
    try {
      const calls = countCalls('/nonexistent', '/nonexistent/strace');
      expect(printTable('', [callsFigure(calls, 42)])).toBe(false);
    } finally {
      print.mockRestore();
    }
    expect(lines.at(-1)).toMatch(/not counted +strace is missing.* 1 +NO$/);
    expect(callsFigure(47, 42).met).toBe(true);
    expect(callsFigure(48, 42).met).toBe(false);
  });
});

describe('two looks at a directory', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'litehouse-look-'));
    for (const name of ['same', 'changed', 'rewritten', 'gone']) await writeFile(join(dir, name), name);
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('tell what was written from what had to be', async () => {
    const before = await look(dir);
    expect(compareLooks(before, await look(dir))).toEqual({ written: 0, differing: 0 });
    await writeFile(join(dir, 'changed'), 'other');
    await writeFile(join(dir, 'aside'), 'rewritten');
    await rename(join(dir, 'aside'), join(dir, 'rewritten'));
    await rm(join(dir, 'gone'));
    await symlink('same', join(dir, 'new'));
    expect(compareLooks(before, await look(dir))).toEqual({ written: 4, differing: 3 });
  });
});

describe('what the boot test prints', () => {
  const boot = (name: string, seconds: string, requests: number) =>
    `   ${name}: boot program ${seconds} s; NFS until then: 4 filesystems, ${requests} requests, 60 kB sent, 2010 kB received (1900 kB of it file data)\n`;
  const served = `   litehouse_answers_total{outcome="answered"} 2
   litehouse_tftp_requests_total{outcome="sent"} 10
   litehouse_tftp_requests_total{outcome="absent"} 4
   litehouse_tftp_sent_bytes_total 39400000\n`;

  it('is read as figures of each boot, and of all together', () => {
    const output = `   0.1s  litehouse is up\n${boot('boot1', '0.42', 350)}${boot('boot2', '1.60', 320)}${served}`;
    expect(readBoots(output)).toEqual({
      boots: [
        { seconds: 0.42, requests: 350, received: 2_010_000 },
        { seconds: 1.6, requests: 320, received: 2_010_000 },
      ],
      tftp: { requests: 14, bytes: 39_400_000 },
      answers: 2,
    });
  });

  it('is no figure where a line is missing', () => {
    expect(() => readBoots(served)).toThrow('no boot');
    expect(() => readBoots(boot('boot1', '0.42', 350))).toThrow('no tftp_requests_total');
  });
});

describe('the load generator', () => {
  it('counts whole answers only', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      response.setHeader('content-length', '5000');
      response.write('x'.repeat(2500));
      setImmediate(() => response.end('x'.repeat(2500)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      expect(await requestsPerSecond(`http://127.0.0.1:${port}/`, 1, false)).toBe(asked);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
