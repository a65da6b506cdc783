/** Secrets never pass, and are never shown. */
import { describe, expect, it } from 'vitest';
import { moveSecrets } from '../import/secrets.ts';
import { parseTable } from '../tables/parse.ts';
import { schemas } from '../tables/schemas.ts';
import { isKeptSecret } from './secrets.ts';
import { checkedRepo } from './testing/checked.ts';

const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----';

describe('a secret column', () => {
  it.each([
    '$1$abcdefgh$irWbblnpmw.5z7wgBnprh0',
    '$6$rounds=5000$salt$0123456789abcdef',
    '$y$j9T$salt$digestdigest',
    '!$6$salt$locked0123456789',
    '*',
    '!',
    '!!',
    'x',
    'secret:root',
    'secret:bmc/rack1',
  ])('may hold %s', (value) => {
    expect(isKeptSecret(value)).toBe(true);
  });

  it.each([
    'cluster',
    '$1$',
    '$1$pw',
    '$ecret$1$abcdefgh',
    'xx',
    'secret:',
    'secret:my word',
    'abJnggxhB/yWI',
    '$6$a b c d e f g h',
  ])('may not hold %s', (value) => {
    expect(isKeptSecret(value)).toBe(false);
  });

  it('is known by its name in a table that nobody declared', async () => {
    const text =
      '#node,user,BmcPassword\n"n01","admin","hunter2x"\n"n02","admin","hunter2x"y\n"n03","admin",,hunter2x\n';
    const found = await checkedRepo({ 'tables/ourbmc.csv': text });
    const errors = found.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ code, at }) => `${code} ${at?.line}`)).toEqual(['LH111 3', 'LH113 4', 'LH321 2']);
    expect(JSON.stringify(found)).not.toContain('hunter2x');
  });

  it('is checked in rows that are switched off, and in tables that nothing reads', async () => {
    const found = await checkedRepo({
      'tables/passwd.csv': '#key,username,password,comments,disable\n"system","root","hunter2x",,"1"\n',
      'tables/ipmi.csv': '#node,bmc,username,password\n"n01","10.0.9.1","admin","hunter2x"\n',
    });
    expect(found.map(({ code, at }) => `${code} ${at?.file}`)).toEqual([
      'LH321 tables/ipmi.csv',
      'LH321 tables/passwd.csv',
    ]);
    expect(JSON.stringify(found)).not.toContain('hunter2x');
  });
});

describe('an import', () => {
  it('leaves nothing that a push of it would be refused for', async () => {
    const passwd =
      '#key,username,password,comments,disable\n"system","root","cluster",,\n"a b/c","ü","x y",,"1"\n"s","u","abJnggxhB/yWI",,\n';
    const read = parseTable('passwd', 'tables/passwd.csv', passwd, schemas.get('passwd'));
    if (read.table === undefined) throw new Error('the table cannot be read');
    const { text, moved } = moveSecrets(read.table);
    expect(moved).toHaveLength(3);
    expect(await checkedRepo({ 'tables/passwd.csv': text })).toEqual([]);
  });
});

describe('a private key', () => {
  it('is found in comments of tables, in comment lines and in lists, and is not shown', async () => {
    const found = await checkedRepo({
      'tables/nodepos.csv': `#node,room,comments\n"n01","a","${key}"\n`,
      'tables/networks.csv': '#netname\n# -----BEGIN RSA PRIVATE KEY-----\n',
      'custom/netboot/rh/compute.postinstall': `cat > /root/.ssh/id <<END\n${key}\nEND\n`,
    });
    const keys = found.filter(({ code }) => code === 'LH322').map(({ at }) => `${at?.file}:${at?.line}`);
    expect(keys.sort()).toEqual([
      'custom/netboot/rh/compute.postinstall:0',
      'tables/networks.csv:0',
      'tables/nodepos.csv:2',
    ]);
    expect(JSON.stringify(found)).not.toContain('b3Blbn');
  });
});
