/** Hashes that login programs know: openssl makes the same. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { sha512Crypt } from './crypt.ts';

it.each([
  'x',
  'a password of more than sixty-four letters, so that the digest has to be taken more than once',
  'Käse:\t%s',
])('is what openssl makes of %j', (password) => {
  const ours = sha512Crypt(password);
  const [, , salt = ''] = ours.split('$');
  expect(salt).toMatch(/^[./0-9A-Za-z]{16}$/);
  const theirs = execFileSync('openssl', ['passwd', '-6', '-salt', salt, '-stdin'], {
    input: `${password}\n`,
    encoding: 'utf8',
  });
  expect(ours).toBe(theirs.trim());
  expect(sha512Crypt(password)).not.toBe(ours);
});
