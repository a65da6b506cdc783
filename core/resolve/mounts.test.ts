/** Directories of litetree and statelite: faults are placed where they stand, and said so that they can be mended. */
import { describe, expect, it } from 'vitest';
import { checkedRepo } from '../check/testing/checked.ts';

const cluster = {
  'tables/nodelist.csv': '#node,groups\n"n01","all"\n',
  'tables/hosts.csv': '#node,ip\n"n01","10.0.0.11"\n"cnfs","10.0.0.2"\n',
  'tables/site.csv': '#key,value\n"master","10.0.0.1"\n',
  'tables/chain.csv': '#node,currstate\n"all","statelite"\n',
  'tables/nodetype.csv': '#node,os,arch,profile,provmethod\n"all","os","arch","profile","image"\n',
};

async function found(...rows: readonly string[]) {
  const all = await checkedRepo({
    ...cluster,
    'tables/litetree.csv': `#priority,image,directory\n${rows.join('\n')}\n`,
  });
  return all.filter(({ at }) => at?.file === 'tables/litetree.csv');
}

describe('a variable at fault', () => {
  it.each([
    ['1,,cnfs:/x/$nodepos.rom'],
    ['1,,"cnfs:/x/$nodepos.rom"'],
    ['1,,"cnfs:/""quoted""/$nodepos.rom"'],
    ['1 , ,  "cnfs:/a b/$nodepos.rom" '],
  ])('is placed at its dollar sign: %s', async (row) => {
    expect((await found(row)).map(({ code, at }) => [code, at?.column])).toEqual([['LH212', row.indexOf('$') + 1]]);
  });

  it.each(['litefile.file', 'passwd.password', 'site'])('is never said to mean itself: $%s', async (name) => {
    const [fault] = await found(`1,,cnfs:/x/$${name}`);
    expect(fault?.severity).toBe('error');
    expect(fault?.mend).not.toMatch(/did you mean/);
  });

  it('of a table with rows for nodes is said to mean the nearest such table', async () => {
    const [fault] = await found('1,,cnfs:/x/$nodeps.room');
    expect(fault?.mend).toBe('did you mean "nodepos"?');
  });
});

describe('a variable without a value', () => {
  it('of a table is mended in rows of nodes and groups', async () => {
    const [missing] = await found('1,,cnfs:/x/$nodepos.room');
    expect(missing?.mend).toBe('give them a value for $nodepos.room, in node rows or group rows');
  });

  it('of the site is mended in the site table', async () => {
    const [missing] = await found('1,,cnfs:/x/$site.domain');
    expect([missing?.code, missing?.mend]).toEqual(['LH214', 'add a row for domain to tables/site.csv']);
  });
});

describe('a priority', () => {
  it.each(['1', '007', '2.5', '10.', '.5', '-1'])('may be %s', async (priority) => {
    expect(await found(`${priority},,cnfs:/x`)).toEqual([]);
  });

  it.each(['', 'x', '0x10', '1e3', 'Infinity', '1,5', '--1', '1 2'])('may not be %j', async (priority) => {
    expect((await found(`"${priority}",,cnfs:/x`)).map(({ code }) => code)).toEqual(['LH407']);
  });
});

describe('a directory longer than any', () => {
  it.each([
    ['by one name', `cnfs:/${'x'.repeat(256)}`],
    ['by one name of bytes', `cnfs:/${'é'.repeat(128)}`],
    ['by all its names', `cnfs:${'/xxxxxxxxx'.repeat(301)}`],
  ])('is refused at its row: %s', async (_, directory) => {
    expect((await found(`1,,${directory}`)).map(({ code, at }) => [code, at?.line])).toEqual([['LH408', 2]]);
    const state = await checkedRepo({
      ...cluster,
      'tables/statelite.csv': `#node,image,statemnt\n"all",,"${directory}"\n`,
    });
    expect(state.filter(({ code }) => code === 'LH408').map(({ at }) => at?.file)).toEqual(['tables/statelite.csv']);
  });

  it('is told from one that is just short enough', async () => {
    expect(await found(`1,,cnfs:/${'x'.repeat(255)}`)).toEqual([]);
  });
});

describe('a # in a directory', () => {
  it('of a server is refused, whether written or a value: busybox mount on the node would run what stands before it', async () => {
    const nodepos = { 'tables/nodepos.csv': '#node,room\n"n01","7#a"\n' };
    const all = await checkedRepo({
      ...cluster,
      ...nodepos,
      'tables/litetree.csv': '#priority,image,directory\n1,,cnfs:/x#y\n2,,cnfs:/x/$nodepos.room\n3,,/local#tree\n',
      'tables/statelite.csv': '#node,image,statemnt\n"all",,"cnfs:/state#1"\n',
    });
    const refused = all.filter(({ code }) => code === 'LH428');
    expect(refused.map(({ at, message }) => `${at?.file}:${at?.line} ${message}`)).toEqual([
      "tables/litetree.csv:2 'cnfs:/x#y' has a #, and the nodes' mount would run what stands before it",
      "tables/litetree.csv:3 'cnfs:/x/7#a' has a #, and the nodes' mount would run what stands before it",
      "tables/statelite.csv:2 'cnfs:/state#1' has a #, and the nodes' mount would run what stands before it",
    ]);
    expect(refused.every(({ severity }) => severity === 'error')).toBe(true);
  });
});
