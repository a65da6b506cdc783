/** Diagnostics that no repository alone can cause: a plugin at fault, a disk that refuses, a table without measure. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { diagnosticOf } from '../../core/apply/report.ts';
import { badOutput, pluginFailed } from '../../core/diagnostic/catalogue/plan.ts';
import { previewSnapshot } from '../../core/engine/preview.ts';
import { managementNode, type Output } from '../../core/plugin/output.ts';
import { contractVersion, definePlugin, type PluginHooks } from '../../core/plugin/plugin.ts';
import { openFolder } from '../../core/repo/folder-snapshot.ts';
import { parseTable } from '../../core/tables/parse.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'litehouse-faults-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Codes of the errors of an empty repository with one plugin. */
async function errorsWith(hooks: PluginHooks): Promise<string[]> {
  const plugin = definePlugin({
    name: 'faulty',
    contract: contractVersion,
    version: '1',
    about: 'Does what no plugin may.',
    reads: {},
    options: z.strictObject({}),
    setup: () => hooks,
  });
  const { diagnostics, world } = await previewSnapshot(await openFolder(folder), { plugins: [{ plugin, hooks }] });
  expect(world).toBeUndefined();
  return diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code);
}

const file = (path: string, text = 'x'): Output => ({
  kind: 'file',
  target: managementNode,
  root: 'tftp',
  path,
  content: { text },
  mode: 0o644,
});

describe('a plugin', () => {
  it('that throws while it checks or plans refuses the push', async () => {
    const fail = () => {
      throw new Error('no');
    };
    expect(await errorsWith({ plan: fail, check: fail })).toEqual(['LH505', 'LH505']);
  });

  it.each([
    '../etc/passwd',
    '/etc/passwd',
    'a//b',
    '.litehouse/x',
    'a\nb',
  ])('that wants %j refuses the push', async (path) => {
    expect(await errorsWith({ plan: () => [file(path)] })).toEqual(['LH503']);
  });

  it('that plans for a node that does not exist refuses the push', async () => {
    expect(await errorsWith({ plan: () => [{ ...file('x'), node: 'nobody' }] })).toEqual(['LH503']);
  });

  it('that puts something below a file refuses the push', async () => {
    expect(await errorsWith({ plan: () => [file('a'), file('a/b')] })).toEqual(['LH502']);
  });
});

it('a plugin at fault is never to be switched off, which would take away all that it has made', () => {
  for (const { mend } of [
    badOutput(undefined, { plugin: 'pxelinux', what: 'it wants what cannot be' }),
    pluginFailed(undefined, { plugin: 'pxelinux', hook: 'plan', why: 'no' }),
  ]) {
    expect(mend).not.toMatch(/\boff\b|disable/);
    expect(mend).toContain('what is in effect stays');
  }
});

describe('an error while applying', () => {
  const failure = (code: string) => diagnosticOf(Object.assign(new Error('it says why'), { code }), 'put tftp:n01');

  it('says who must act: a permission is one thing, anything unforeseen another', () => {
    expect(failure('EACCES').code).toBe('LH602');
    expect(failure('EROFS').code).toBe('LH602');
    expect(failure('EIO').code).toBe('LH605');
  });

  it('names the step and the cause', () => {
    expect(failure('EIO').message).toContain('put tftp:n01');
    expect(failure('EIO').message).toContain('it says why');
  });
});

it('a table of more than 256 MB is refused before it is read', () => {
  const { table, diagnostics } = parseTable('site', 'tables/site.csv', ' '.repeat(257 * 2 ** 20), undefined);
  expect(table).toBeUndefined();
  expect(diagnostics.map(({ code }) => code)).toEqual(['LH123']);
});
