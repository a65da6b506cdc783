import { describe, expect, it } from 'vitest';
import { planningContext } from '../engine/preview.ts';
import { small, snapshotOf } from '../image/testing/family.ts';
import { buildView } from '../resolve/build-view.ts';
import { setFile } from './set-file.ts';

const view = () => buildView(snapshotOf({ ...small, 'images/compute/lock': 'bash 1\n' }), planningContext([]).base);

describe('a file that commands keep beside an image', () => {
  it('is written, and removed', async () => {
    const path = 'images/compute/taken';
    expect(setFile(await view(), { kind: 'file', path, text: 'x\n' })).toEqual({
      kind: 'files',
      files: new Map([[path, 'x\n']]),
    });
    expect(setFile(await view(), { kind: 'file', path: 'images/compute/lock' })).toEqual({
      kind: 'files',
      files: new Map([['images/compute/lock', undefined]]),
    });
  });

  it('is no edit where it goes and is not there', async () => {
    const result = setFile(await view(), { kind: 'file', path: 'images/compute/taken' });
    expect(result).toEqual({ kind: 'files', files: new Map() });
  });

  it.each([
    'tables/site.csv',
    'images/compute/rootimg/etc/motd',
    'images/../tables/lock',
    'images/compute/lock/x',
    '/etc/lock',
  ])('is refused elsewhere: %s', async (path) => {
    expect(setFile(await view(), { kind: 'file', path, text: '' })).toMatchObject({
      kind: 'refused',
      diagnostics: [{ code: 'LH747' }],
    });
  });

  it('is refused for an image that there is not', async () => {
    expect(setFile(await view(), { kind: 'file', path: 'images/comput/lock', text: '' })).toMatchObject({
      diagnostics: [{ code: 'LH743', mend: 'did you mean compute?' }],
    });
  });
});
