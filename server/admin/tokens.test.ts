import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { addToken, readTokens, removeToken, watchTokens } from './tokens.ts';

const temporary = temporaryDirs();
const newFile = () => join(temporary(), 'state', 'tokens.json');

test('a token is found by its secret, and the file holds no secret and is its owner’s alone', async () => {
  const file = newFile();
  const secret = await addToken(file, 'alice', 'push');
  expect(watchTokens(file)(secret)).toMatchObject({ name: 'alice', scope: 'push' });
  expect(readFileSync(file, 'utf8')).not.toContain(secret.slice(3));
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a running server learns of new and removed tokens with its next request', async () => {
  const file = newFile();
  const lookup = watchTokens(file);
  expect(lookup('anything')).toBeUndefined();
  const alice = await addToken(file, 'alice', 'read');
  expect(lookup(alice)?.name).toBe('alice');
  const bob = await addToken(file, 'bob', 'read');
  await removeToken(file, 'alice');
  expect([lookup(alice), lookup(bob)?.name]).toEqual([undefined, 'bob']);
});

test('a name is had once, is printable, and can be freed', async () => {
  const file = newFile();
  await addToken(file, 'alice', 'read');
  await expect(addToken(file, 'alice', 'push')).rejects.toThrow('there is a token called alice');
  await expect(addToken(file, 'a b', 'push')).rejects.toThrow('is no name');
  await expect(addToken(file, '\u001b[2J', 'push')).rejects.toThrow('is no name');
  await expect(removeToken(file, 'bob')).rejects.toThrow('there is no token called bob');
  await removeToken(file, 'alice');
  expect(readTokens(file)).toEqual([]);
});

test('a damaged file lets nobody in, is said once, and never overwritten', async () => {
  const file = newFile();
  const secret = await addToken(file, 'alice', 'read');
  writeFileSync(file, '{"tokens": [{"name": "alice"');
  const damage: string[] = [];
  const lookup = watchTokens(file, { own: 'mine', onDamage: (message) => damage.push(message) });
  expect([lookup(secret), lookup(secret)]).toEqual([undefined, undefined]);
  expect(damage).toHaveLength(1);
  expect(lookup('mine')?.scope).toBe('admin');
  await expect(addToken(file, 'bob', 'read')).rejects.toThrow('is damaged');
});
