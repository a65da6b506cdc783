/** What holds for every schema. */
import { describe, expect, it } from 'vitest';
import { knownTables, otherSecrets, schemas } from './schemas.ts';

describe.each([...schemas.values()])('$name', (schema) => {
  it('names each column once, ends like every table, and knows its key and what it uses', () => {
    expect(new Set(schema.columns).size).toBe(schema.columns.length);
    expect(schema.columns.slice(-2)).toEqual(['comments', 'disable']);
    for (const column of [...schema.key, ...schema.used, ...(schema.secret ?? [])])
      expect(schema.columns).toContain(column);
    expect(schema.keyedBy === 'node').toBe(schema.key[0] === 'node');
    expect(schema.about).toMatch(/^A row .*\.$/);
  });
});

it('a table is either read or only kept', () => {
  expect([...knownTables].filter((name) => schemas.has(name))).toEqual([]);
  for (const name of otherSecrets.keys()) expect(knownTables).toContain(name);
});

it('all tables of the facts are there', () => {
  const facts =
    'litefile litetree statelite noderes nodetype nodepos nodelist nodegroup mac hosts osimage linuximage policy site servicenode bootparams passwd nodehm chain networks';
  expect([...schemas.keys()].sort()).toEqual(facts.split(' ').sort());
});
