/** Crypt hashes of clear passwords, as shadow has them (SHA-512, `$6$`), so that none has to be written down in clear in an image. */
import { createHash, randomBytes } from 'node:crypto';

const letters = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const rounds = 5000;

function sha512(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** `digest` over and over, to a length. */
function repeated(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, digest);
}

/** U. Drepper, "Unix crypt using SHA-256 and SHA-512", with the usual number of rounds. The salt has up to 16 letters of `./0-9A-Za-z`. */
export function sha512Crypt(password: string, salt: string = freshSalt()): string {
  const key = Buffer.from(password, 'utf8');
  const salted = Buffer.from(salt.slice(0, 16), 'latin1');
  const alternate = sha512(key, salted, key);
  const bits: Buffer[] = [];
  for (let left = key.length; left > 0; left >>= 1) bits.push((left & 1) === 1 ? alternate : key);
  let digest = sha512(key, salted, repeated(alternate, key.length), ...bits);
  const keyWord = repeated(sha512(...Array.from({ length: key.length }, () => key)), key.length);
  const saltWord = repeated(sha512(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => salted)), salted.length);
  for (let round = 0; round < rounds; round++) {
    const odd = round % 2 === 1;
    digest = sha512(
      odd ? keyWord : digest,
      ...(round % 3 === 0 ? [] : [saltWord]),
      ...(round % 7 === 0 ? [] : [keyWord]),
      odd ? digest : keyWord,
    );
  }
  return `$6$${salted.toString('latin1')}$${encoded(digest)}`;
}

/** Three bytes in four letters, in the order that the scheme gives them; the last byte alone in two. */
function encoded(digest: Buffer): string {
  let text = '';
  const add = (value: number, count: number) => {
    for (let n = 0; n < count; n++, value >>= 6) text += letters[value & 63];
  };
  const at = (index: number) => digest[index] ?? 0;
  let [a, b, c] = [0, 21, 42];
  for (let group = 0; group < 21; group++) {
    add((at(a) << 16) | (at(b) << 8) | at(c), 4);
    [a, b, c] = [b + 1, c + 1, a + 1];
  }
  add(at(63), 2);
  return text;
}

function freshSalt(): string {
  return [...randomBytes(16)].map((byte) => letters[byte & 63]).join('');
}
