/** Access tokens: made here, kept as hashes in one file of the server's state, looked up in constant time. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Failure } from '../command/failure.ts';

/** What a token may do; each includes those before it. */
export const scopes = ['read', 'push', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export interface TokenRecord {
  /** Who has it; becomes the pusher's name. */
  readonly name: string;
  readonly scope: Scope;
  /** SHA-256 of the token, hex. The token is 32 random bytes, so a plain hash is not guessable. */
  readonly hash: string;
  /** ISO 8601, UTC. */
  readonly created: string;
}

const fileSchema = z.strictObject({
  tokens: z.array(
    z.strictObject({
      name: z.string(),
      scope: z.enum(scopes),
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      created: z.string(),
    }),
  ),
});

/** The file of tokens in a server's state directory. */
export function tokenFile(state: string): string {
  return join(state, 'tokens.json');
}

/** Reads the file; a missing one holds no tokens. Throws a Failure where it is damaged. */
export function readTokens(file: string): readonly TokenRecord[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new Failure({ what: `cannot read ${file}`, why: message, mend: 'run this as the user that runs the server' });
  }
  try {
    return fileSchema.parse(JSON.parse(text)).tokens;
  } catch {
    throw new Failure({
      what: `${file} is damaged`,
      mend: 'put it back from a backup, or remove it and make new tokens',
    });
  }
}

/** Makes a token and remembers its hash. The token itself is nowhere but in the result. */
export async function addToken(file: string, name: string, scope: Scope): Promise<string> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(name)) {
    throw new Failure({
      what: `${JSON.stringify(name)} is no name for a token`,
      mend: 'use letters, digits and . _ @ - (at most 64), like alice or ci@build',
    });
  }
  const tokens = readTokens(file);
  if (tokens.some((token) => token.name === name)) {
    throw new Failure({
      what: `there is a token called ${name}`,
      mend: `run: litehouse token remove ${name}   (or choose another name)`,
      status: 1,
    });
  }
  const secret = `lh_${randomBytes(32).toString('base64url')}`;
  const created = new Date().toISOString();
  await writeTokens(file, [...tokens, { name, scope, hash: hashOf(secret).toString('hex'), created }]);
  return secret;
}

/** Forgets a token; a running server refuses it from its next request on. */
export async function removeToken(file: string, name: string): Promise<void> {
  const tokens = readTokens(file);
  const rest = tokens.filter((token) => token.name !== name);
  if (rest.length === tokens.length) {
    const names = tokens.map((token) => token.name).join(', ');
    throw new Failure({
      what: `there is no token called ${name}`,
      mend: names === '' ? 'there are no tokens at all' : `tokens: ${names}`,
      status: 1,
    });
  }
  await writeTokens(file, rest);
}

/** By rename, and never readable by others for a moment. */
async function writeTokens(file: string, tokens: readonly TokenRecord[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const aside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    const handle = await open(aside, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify({ tokens }, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, file);
  } catch (error) {
    await unlink(aside).catch(() => {});
    throw error;
  }
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Finds who a secret belongs to. Time depends on the number of tokens, not on how near a guess is. */
export function matchToken(tokens: readonly TokenRecord[], secret: string): TokenRecord | undefined {
  const hash = hashOf(secret);
  let found: TokenRecord | undefined;
  for (const token of tokens) if (timingSafeEqual(Buffer.from(token.hash, 'hex'), hash)) found = token;
  return found;
}

/** Looks a secret up; undefined where nobody has it. */
export type TokenLookup = (secret: string) => TokenRecord | undefined;

/**
 * A lookup over the file that reads it again when it changed. While the file is damaged nobody has a token: `onDamage`
 * hears of it once a change. `own` is a secret of this run of the server, for the commands of its own machine.
 */
export function watchTokens(
  file: string,
  options: { readonly own?: string; readonly onDamage?: (message: string) => void } = {},
): TokenLookup {
  const own: TokenRecord[] =
    options.own === undefined
      ? []
      : [{ name: 'litehouse', scope: 'admin', hash: hashOf(options.own).toString('hex'), created: '' }];
  let seen = '';
  let tokens: readonly TokenRecord[] = [];
  return (secret) => {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
    const stamp = stat === undefined ? 'none' : `${stat.ino}.${stat.size}.${stat.mtimeNs}`;
    if (stamp !== seen) {
      seen = stamp;
      try {
        tokens = readTokens(file);
      } catch (error) {
        tokens = [];
        options.onDamage?.((error as Error).message);
      }
    }
    return matchToken([...own, ...tokens], secret);
  };
}
