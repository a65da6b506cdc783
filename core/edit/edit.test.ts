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
