/** Addons passwd and ssh (cookbook 2.9): accounts and keys of the repository, never of this server. */
import { chmod } from 'node:fs/promises';
import { basename } from 'node:path';
import { isKeptSecret } from '../../check/secrets.ts';
import { referencePrefix } from '../../import/secrets.ts';
import { secretsFile } from '../../import/secrets-file.ts';
import type { BuildContext } from '../../plugin/plugin.ts';
import type { BaseRecipe } from '../recipe.ts';
import { sha512Crypt } from './crypt.ts';
import { fileInside, placeInside, putInside } from './place.ts';
import { readPlain } from './plain-file.ts';

const modes = { passwd: 0o644, group: 0o644, shadow: 0o600 } as const;

/**
 * Lays accounts into the tree: lines of custom/accounts/{passwd,group,shadow} take the place of the image's lines of the same name or
 * are added; hashes of the passwd table, or of the secrets that it names, go into shadow. Accounts that packages made stay.
 */
export async function applyAddons(
  root: string,
  recipe: Pick<BaseRecipe, 'addons' | 'accounts' | 'accountFiles'>,
  { readFile: readFileOf, secret, log }: Pick<BuildContext, 'readFile' | 'secret' | 'log'>,
): Promise<void> {
  const files = new Map<string, string>();
  for (const { path } of recipe.accountFiles) files.set(basename(path), (await readFileOf(path)).toString('utf8'));
  if (recipe.addons.includes('passwd')) await addAccounts(root, await hashesOf(recipe.accounts, secret), files, log);
  if (recipe.addons.includes('ssh')) await addSsh(root, files.get('authorized_keys'), log);
}

async function textOf(root: string, path: string): Promise<string | undefined> {
  const place = await fileInside(root, path);
  return place === undefined ? undefined : (await readPlain(place)).toString('utf8');
}

/**
 * Puts hashes in the place of references. A recipe, and so a digest, has the reference alone: another value under the same name is in
 * the image from its next build on. A value in clear is hashed here; thirteen letters of old DES can't be told from one.
 */
export async function hashesOf(
  accounts: BaseRecipe['accounts'],
  secret: BuildContext['secret'],
): Promise<BaseRecipe['accounts']> {
  const found: BaseRecipe['accounts'] = [];
  for (const { user, hash } of accounts) {
    if (!hash.startsWith(referencePrefix)) {
      found.push({ user, hash });
      continue;
    }
    const name = hash.slice(referencePrefix.length);
    const value = await secret(name);
    if (value === undefined || value === '')
      throw new Error(
        `the password of ${user} is the secret ${name}, which this server does not have: add it to ${secretsFile} in the server's state directory (DIR/state; mode 0600), as a crypt hash or a word: { "secrets": { "${name}": "..." } }; then run: litehouse apply --retry-builds`,
      );
    found.push({ user, hash: isKeptSecret(value) && !value.startsWith(referencePrefix) ? value : sha512Crypt(value) });
  }
  return found;
}

async function addAccounts(
  root: string,
  accounts: BaseRecipe['accounts'],
  files: ReadonlyMap<string, string>,
  log: (line: string) => void,
): Promise<void> {
  for (const name of ['passwd', 'group', 'shadow'] as const) {
    const lines = new Map<string, string>();
    const take = (text: string) => {
      for (const line of text.split('\n')) {
        const who = line.slice(0, line.indexOf(':'));
        if (line.includes(':') && who !== '' && !line.startsWith('#')) lines.set(who, line);
      }
    };
    take((await textOf(root, `etc/${name}`)) ?? '');
    take(files.get(name) ?? '');
    if (name === 'shadow') {
      const known = new Set(((await textOf(root, 'etc/passwd')) ?? '').split('\n').map((line) => line.split(':')[0]));
      // An account without a line in shadow has no password, which is not the same as a locked one to every program.
      for (const who of known)
        if (who !== undefined && who !== '' && !lines.has(who)) lines.set(who, `${who}:!:1:0:99999:7:::`);
      for (const { user, hash } of accounts) {
        if (!known.has(user)) log(`there is no account ${user} in the image: its line of the passwd table is not used`);
        else {
          const [, , ...tail] = (lines.get(user) ?? `${user}:!:1:0:99999:7:::`).split(':');
          lines.set(user, [user, hash, ...tail].join(':'));
        }
      }
    }
    if (lines.size > 0) await putInside(root, `etc/${name}`, [...lines.values(), ''].join('\n'), modes[name]);
  }
}

/** What the original sets for clusters: many logins at once, X11 through them. */
const sshSettings = ['X11Forwarding yes', 'MaxStartups 1024'];

async function addSsh(root: string, keys: string | undefined, log: (line: string) => void): Promise<void> {
  const config = await textOf(root, 'etc/ssh/sshd_config');
  if (config === undefined) log('addon ssh: there is no sshd in the image, so nothing of it is set');
  else {
    const rest = config.split('\n').filter((line) => !/^\s*(X11Forwarding|MaxStartups)\s/i.test(line));
    // sshd takes the first value that it reads.
    await putInside(root, 'etc/ssh/sshd_config', [...sshSettings, ...rest].join('\n'), 0o600);
  }
  if (keys === undefined) return;
  if (/PRIVATE KEY/.test(keys))
    throw new Error(
      'custom/accounts/authorized_keys holds a private key, which every node could read: put the public one there',
    );
  await putInside(root, 'root/.ssh/authorized_keys', keys, 0o600);
  const home = await placeInside(root, 'root/.ssh');
  if (home !== undefined) await chmod(home, 0o700);
}
