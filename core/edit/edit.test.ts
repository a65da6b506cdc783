import { describe, expect, test } from 'vitest';
import { viewOf } from '../../test/cluster/view.ts';
import { parseChtab } from './change-tables.ts';
import { computeEdit, type EditCommand } from './edit.ts';
import { subjectOf } from './subject.ts';

const policy = '#priority,name,host,commands,noderange,parameters,time,rule,comments,disable\n';
const files = {
  'tables/nodelist.csv': '#node,groups,comments,disable\n"n01","compute,all",,\n"n02","compute,all",,\n',
  'tables/policy.csv': `${policy}"1","root",,,,,,"allow",,\n`,
  'tables/litefile.csv':
    '#image,file,options,comments,disable\n"ALL", "/etc/motd",,,,\n"img","/etc/motd","ro",,\n"ALL","/off",,,"1"\n',
};

function chtab(words: string, remove = false): EditCommand {
  const command = parseChtab(words.split(' '), remove);
  if ('fault' in command) throw new Error(command.fault.message);
  return command;
}

async function edited(command: EditCommand, of: Readonly<Record<string, string>> = files) {
  const result = computeEdit(await viewOf(of), command);
  return result.kind === 'files'
    ? Object.fromEntries(result.files)
    : result.diagnostics.map(({ code, message, mend }) => `${code} ${message}; ${mend}`).join('\n');
}

describe('chtab', () => {
  test('adds the rows that the cookbook prints, and changes nothing the second time', async () => {
    const command = chtab('priority=4.7 policy.commands=litefile policy.rule=allow');
    const after = await edited(command);
    expect(after).toEqual({
      'tables/policy.csv': `${files['tables/policy.csv']}"4.7",,,"litefile",,,,"allow",,\n`,
    });
    expect(await edited(command, { ...files, ...(after as object) })).toEqual({});
  });

  test('takes no two keys in one word for the name of a row', async () => {
    expect(await edited(chtab('node=n01,node=n02 chain.currstate=boot'))).toMatch(
      /^LH742 'node=n01,node=n02' names two keys in one word; one row at a time/,
    );
    expect(await edited(chtab('image=ALL,file=/etc/motd litefile.options=ro'))).toContain(
      'put a blank between them: image=ALL file=/etc/motd',
    );
    // A comma and an equals sign alone are text.
    expect(await edited(chtab('file=/a,b=c litefile.options=ro'))).toHaveProperty(['tables/litefile.csv']);
  });

  test('takes no noderange for a key, and prints the commands that do it', async () => {
    for (const [key, names] of [
      ['n01,n02', 'n01 n02'],
      ['n[01-02]', 'n01 n02'],
      ['compute,-n01', 'n02'],
      ['n01-n02', 'n01 n02'],
    ])
      expect(await edited(chtab(`node=${key} noderes.netboot=pxe`))).toBe(
        `LH742 '${key}' is a noderange: a row has one key, a node or a group; for node in ${names}; do litehouse chtab node=$node noderes.netboot=pxe; done; or a row for a group that they all have: node=GROUP`,
      );
    // Nodes that are still to be made, too; and where they are many, the noderange is worked out as the commands run.
    expect(await edited(chtab('node=n08,n09 nodelist.groups=compute'))).toContain(
      'for node in n08 n09; do litehouse chtab node=$node nodelist.groups=compute; done',
    );
    const many = Array.from({ length: 20 }, (_, i) => `"n${i}","compute",,\n`).join('');
    const nodelist = { ...files, 'tables/nodelist.csv': `#node,groups,comments,disable\n${many}` };
    expect(await edited(chtab('node=n0-n19 noderes.netboot=pxe'), nodelist)).toContain(
      'for node in $(litehouse noderange n0-n19); do',
    );
  });

  test('makes no row for what is neither node nor group, but where hosts are named and where the node is made', async () => {
    expect(await edited(chtab('node=n99 noderes.netboot=pxe'))).toMatch(
      /^LH742 'n99' is neither a node nor a group: .*litehouse chtab node=n99 nodelist\.groups=GROUP/,
    );
    expect(await edited(chtab('node=comptue noderes.netboot=pxe'))).toContain('did you mean compute?');
    for (const words of [
      'node=compute noderes.netboot=pxe',
      'node=n99 hosts.ip=10.0.0.99',
      'node=n99 nodelist.groups=compute',
      'node=n99 nodelist.groups=compute noderes.netboot=pxe',
    ])
      expect(await edited(chtab(words)), words).toBeTypeOf('object');
    // What is there already can be changed, and taken away.
    const there = { ...files, 'tables/noderes.csv': '#node,netboot\n"old","pxe"\n' };
    expect(await edited(chtab('node=old noderes.netboot=yaboot'), there)).toBeTypeOf('object');
    expect(await edited(chtab('node=old noderes', true), there)).toBeTypeOf('object');
  });

  test('says that there is no += and no -=, and how it is done', () => {
    for (const [word, how] of [
      ['nodelist.groups+=foo', 'with foo'],
      ['nodelist.groups-=all', 'without all'],
    ] as const) {
      expect(parseChtab(['node=n01', word], false), word).toMatchObject({
        fault: {
          code: 'LH747',
          mend: expect.stringContaining(`write the whole list, ${how}: litehouse tabdump nodelist`),
        },
      });
    }
  });

  test('says what to write as it works in every installation, without links for the classic names', async () => {
    for (const [words, remove] of [
      [['x'], false],
      [['x'], true],
      [['node=n01'], false],
      [[], true],
      [['node=n01', 'nodelist.groups+=a'], false],
    ] as const) {
      const said = parseChtab(words, remove);
      expect('fault' in said && said.fault.mend).toMatch(/litehouse chtab /);
      expect('fault' in said && said.fault.mend).not.toMatch(/(?<!litehouse )chtab /);
    }
    expect(await edited({ kind: 'nodeset', noderange: 'n01', state: 'statelite' })).toContain(
      'litehouse nodeset NODERANGE',
    );
  });

  test('changes one cell of the row that the key names, and leaves every other byte', async () => {
    expect(await edited(chtab('image=ALL file=/etc/motd litefile.options=con'))).toEqual({
      'tables/litefile.csv': files['tables/litefile.csv'].replace('"ALL", "/etc/motd",,', '"ALL", "/etc/motd","con",'),
    });
  });

  test('does not guess which of two rows is meant', async () => {
    expect(await edited(chtab('file=/etc/motd litefile.options=con'))).toMatch(
      /^LH742 litefile has 2 rows with file=\/etc\/motd; say which: add image=…/,
    );
  });

  test('deletes all rows of a key with -d, and says where there is none', async () => {
    expect(await edited(chtab('file=/etc/motd litefile', true))).toEqual({
      'tables/litefile.csv': '#image,file,options,comments,disable\n"ALL","/off",,,"1"\n',
    });
    expect(await edited(chtab('file=/nowhere litefile', true))).toContain('LH742');
  });

  test('does not add a second row beside one that is switched off, but switches it on', async () => {
    expect(await edited(chtab('file=/off litefile.options=ro'))).toContain('switched off (line 4)');
    expect(await edited(chtab('file=/off litefile.options=ro litefile.disable='))).toEqual({
      'tables/litefile.csv': files['tables/litefile.csv'].replace('"ALL","/off",,,"1"', '"ALL","/off","ro",,'),
    });
  });

  test('makes a table that is not there yet, with its whole header', async () => {
    expect(await edited(chtab('node=n01 chain.currstate=boot'))).toEqual({
      'tables/chain.csv': '#node,currstate,currchain,chain,ondiscover,comments,disable\n"n01","boot",,,,,\n',
    });
  });

  test('never writes over a table that it cannot read', async () => {
    const broken = { ...files, 'tables/chain.csv': 'node,what is this\n' };
    expect(await edited(chtab('node=n01 chain.currstate=boot'), broken)).toMatch(
      /^LH747 tables\/chain.csv can't be read/,
    );
  });

  test('says what is no table or column, and what was meant', async () => {
    expect(await edited(chtab('node=n01 noderess.nfsserver=x'))).toContain('did you mean noderes?');
    expect(await edited(chtab('node=n01 noderes.nfsservr=x'))).toContain('did you mean nfsserver?');
    expect(await edited(chtab('nod=n01 noderes.nfsserver=x'))).toContain("LH741 there is no column 'noderes.nod'");
  });

  test('refuses words that it does not understand', () => {
    for (const words of [['x'], ['node=n01'], ['noderes.os=x'], ['node=n01', 'a.b+=c'], []])
      expect(parseChtab(words, false), words.join(' ')).toHaveProperty('fault.code', 'LH747');
  });

  test('takes a value with blanks, equal signs, quotes and line ends as it is', async () => {
    const command = parseChtab(['node=n01', 'bootparams.addkcmdline=a=b "c"\nd'], false);
    if ('fault' in command) throw new Error();
    expect(await edited(command)).toEqual({
      'tables/bootparams.csv': expect.stringContaining('"n01",,,,"a=b ""c""\nd"'),
    });
  });

  test('keeps secrets out of the commit message', () => {
    expect(subjectOf(chtab('key=system passwd.username=root passwd.password=$6$abc'))).not.toContain('abc');
  });
});

describe('tabedit', () => {
  const base = files['tables/policy.csv'];
  const edit = (text: string): EditCommand => ({ kind: 'tabedit', table: 'policy', base, text });
  const others = (text: string) => ({ ...files, 'tables/policy.csv': text });

  test('takes the text as it is where nobody else was there', async () => {
    const text = `${base}# by hand\n"2","x",,,,,,"deny",,\n`;
    expect(await edited(edit(text))).toEqual({ 'tables/policy.csv': text });
    expect(await edited(edit(base))).toEqual({});
  });

  test('joins it with what others did meanwhile, row by row and cell by cell', async () => {
    const theirs = `${base.replace('"1","root",,', '"1","root","mn",')}"4.8",,,"litetree",,,,"allow",,\n`;
    const mine = `${base.replace(',"allow"', ',"accept"')}"4.7",,,"litefile",,,,"allow",,\n`;
    expect(await edited(edit(mine), others(theirs))).toEqual({
      'tables/policy.csv': `${policy}"1","root","mn",,,,,"accept",,\n"4.8",,,"litetree",,,,"allow",,\n"4.7",,,"litefile",,,,"allow",,\n`,
    });
    expect(await edited(edit(policy), others(`${base}"2",,,,,,,"deny",,\n`))).toEqual({
      'tables/policy.csv': `${policy}"2",,,,,,,"deny",,\n`,
    });
  });

  test('refuses where both changed one thing differently', async () => {
    const theirs = others(base.replace('"allow"', '"deny"'));
    expect(await edited(edit(base.replace('"allow"', '"accept"')), theirs)).toContain('LH745');
    expect(await edited(edit(policy), theirs)).toContain('was changed, and you deleted it');
    expect(await edited(edit(base.replace('"allow"', '"x"')), others(policy))).toContain(
      'was deleted, and you changed it',
    );
    expect(await edited(edit(`${base}"2","a",,,,,,,,\n`), others(`${base}"2","b",,,,,,,,\n`))).toContain(
      'both of you added',
    );
    expect(await edited(edit(`${base}# comment\n`), theirs)).toContain('comment lines');
  });
});
