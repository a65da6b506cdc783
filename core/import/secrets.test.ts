import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isKeptSecret } from '../check/secrets.ts';
import { parseTable } from '../tables/parse.ts';
import { schemas } from '../tables/schemas.ts';
import type { Table } from '../tables/table.ts';
import { isClear, moveSecrets, rowInComment, secretColumns } from './secrets.ts';

function tableOf(name: string, text: string): Table {
  const { table } = parseTable(name, `tables/${name}.csv`, text, schemas.get(name));
  if (table === undefined) throw new Error('no table');
  return table;
}

describe('isClear', () => {
  test('hashes, references and locked accounts are not', () => {
    for (const value of [
      '$1$abcdefgh$0123456789abcdefghijkl',
      '$6$rounds=5000$salt$0123456789abcdefghijklmnopqrstuvwxyz',
      '$2b$12$0123456789012345678901uvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
      '$y$j9T$abcdefghijklmnop$0123456789',
      'secret:passwd/system/root/password',
      '!$6$salt$0123456789abcdefghijklmnop',
      '*',
      '!!',
      '*LK*',
    ]) {
      expect(isClear(value), value).toBe(false);
      // What an import leaves in place may be pushed.
      expect(isKeptSecret(value), value).toBe(true);
    }
  });

  test('everything else is, also where it only looks like one of those', () => {
    for (const value of [
      'cluster',
      '$1$cret',
      '$9$abcdefgh$0123456789abcdefghijkl',
      'abJnggxhB/yWI',
      'secret:x',
      '*x',
      ' ',
    ])
      expect(isClear(value), value).toBe(true);
  });
});

describe('moveSecrets', () => {
  test('puts references in the place of clear values, of disabled rows too, and changes no other byte', () => {
    const text =
      '#key,username,password,cryptmethod,comments,disable\r\n' +
      '"system","root",cluster ,,"a ""note"""\r\n' +
      '"system","bob","$6$salt$0123456789abcdefghijklmnopqrstuvwxyz",,,\r\n' +
      '"a/b c",,"x,""y""",,,"1"\r\n\r\n' +
      '"vmware","root",,,,';
    const { text: edited, moved } = moveSecrets(tableOf('passwd', text));
    expect(moved).toEqual([
      { name: 'passwd/system/root/password', value: 'cluster' },
      { name: 'passwd/a%2Fb%20c/password', value: 'x,"y"' },
    ]);
    expect(edited).toBe(
      text
        .replace(',cluster ,', ',"secret:passwd/system/root/password" ,')
        .replace('"x,""y"""', '"secret:passwd/a%2Fb%20c/password"'),
    );
  });

  test('names of one node tell its rows apart; where nothing does, a number', () => {
    const text = '#node,switch,port,username,password\nn1,s1,1,u,a\nn1,s2,1,u,b\nn1,s2,1,u,c\nn1,s2,1,u,b\n';
    expect(moveSecrets(tableOf('switch', text)).moved.map(({ name, value }) => [name, value])).toEqual([
      ['switch/n1/s1/1/u/password', 'a'],
      ['switch/n1/s2/1/u/password', 'b'],
      ['switch/n1/s2/1/u/password~2', 'c'],
    ]);
  });

  test('columns of tables that nobody knows count by their names', () => {
    expect(secretColumns({ name: 'mine', columns: ['node', 'bmcPasswd', 'snmpPrivKey', 'passenger'] })).toEqual([
      'bmcPasswd',
      'snmpPrivKey',
    ]);
    expect(secretColumns({ name: 'nodelist', columns: ['node', 'password'] })).toEqual([]);
  });

  test('again on its own result moves nothing, and every clear value is found, for any values', () => {
    const value = fc.string({ unit: fc.constantFrom('a', '"', ',', '$', '/', ' ', 'é', ':'), maxLength: 8 });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { maxLength: 5 }), (cells) => {
        const quoted = (text: string): string => (text === '' ? '' : `"${text.replaceAll('"', '""')}"`);
        const text = `#node,username,password\n${cells.map(([u, p]) => `"n",${quoted(u)},${quoted(p)}\n`).join('')}`;
        const { text: edited, moved } = moveSecrets(tableOf('ipmi', text));
        const again = tableOf('ipmi', edited);
        expect(moveSecrets(again).moved).toEqual([]);
        const kept = new Map(moved.map((secret) => [`secret:${secret.name}`, secret.value]));
        const before = tableOf('ipmi', text).rows.map((row) => row.values[2]);
        expect(again.rows.map((row) => kept.get(row.values[2] ?? '') ?? row.values[2])).toEqual(before);
      }),
    );
  });
});

test('rowInComment finds comments that look like rows, and no value that begins with a hash', () => {
  const header = '#key,username,password,cryptmethod,comments,disable\n';
  expect(rowInComment(tableOf('passwd', `${header}"a","b","c"\n #"system","root","x"\n`))).toBe(3);
  expect(rowInComment(tableOf('passwd', `${header}# what follows is ours\n"a","b","c",,"x\n#a,b",\n`))).toBeUndefined();
});
