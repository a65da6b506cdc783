import { describe, expect, test } from 'vitest';
import { type DumpFile, planImport } from './plan.ts';

const file = (name: string, text: string | Buffer): DumpFile => ({
  name: `${name}.csv`,
  bytes: Buffer.from(text as string),
});
const none = new Map<string, Buffer>();
const passwd = '#key,username,password,cryptmethod,comments,disable\n"system","root","cluster",,,\n';

describe('planImport', () => {
  test('keeps every table byte for byte, whatever is in it', () => {
    const texts: [string, string | Buffer][] = [
      ['litefile', '\ufeff#image,file,options\r\n"ALL", "/etc/x",,,,\r\n\r\n'],
      ['unheard', 'no header at all'],
      ['nodelist', '#node,groups\n"n01","open\n'],
      ['empty', ''],
      ['hosts', Buffer.from('#node,ip,comments\n"n01","10.0.0.1","M\xfcnchen"\n', 'latin1')],
      ['passwd', passwd.replace('cluster', '$6$salt$0123456789abcdefghijklmnop')],
    ];
    const { tables, refusals } = planImport(
      texts.map(([name, text]) => ({ name: `${name}.csv`, bytes: Buffer.from(text as string) })),
      none,
    );
    expect(refusals).toEqual([]);
    for (const [name, text] of texts)
      expect(tables.find((table) => table.name === name)?.bytes.equals(Buffer.from(text as string)), name).toBe(true);
  });

  test('moves clear values out, also of tables whose bytes are not UTF-8, and counts rows', () => {
    const latin = Buffer.from('#node,username,password,comments\n"n01","u","gr\xfcn","M\xfcnchen"\n', 'latin1');
    const plan = planImport([file('passwd', passwd), { name: 'ipmi.csv', bytes: latin }], none);
    expect(plan.secrets).toEqual([
      { name: 'ipmi/n01/u/password', value: 'grün' },
      { name: 'passwd/system/root/password', value: 'cluster' },
    ]);
    expect(plan.tables.map(({ name, rows, moved, read }) => [name, rows, moved, read])).toEqual([
      ['ipmi', 1, 1, false],
      ['passwd', 1, 1, true],
    ]);
    expect(plan.tables[0]?.bytes.toString('latin1')).toBe(
      '#node,username,password,comments\n"n01","u","secret:ipmi/n01/u/password","M\xfcnchen"\n',
    );
    for (const { bytes } of plan.tables) expect(bytes.toString('latin1')).not.toMatch(/cluster|gr\xfcn/);
  });

  test('refuses a table with secrets that cannot be read whole, and never quotes it', () => {
    for (const text of [
      passwd.replace('"cluster"', '"cluster'),
      passwd.replace('#key,username', 'key;username'),
      `${passwd}"system","root","hunter2",,,\n`,
      `${passwd}#"system","root","hunter2",,,\n`,
    ]) {
      const { refusals, tables, secrets } = planImport([file('passwd', text), file('site', '#key,value\n')], none);
      expect(refusals, text).toHaveLength(1);
      expect(JSON.stringify([refusals, tables.map(({ name }) => name), secrets])).not.toMatch(/hunter2|cluster/);
    }
  });

  test('tells what is new, the same, or would be overwritten', () => {
    const dump = [file('passwd', passwd), file('site', '#key,value\n'), file('mac', '#node,mac\n')];
    const [mac, moved, site] = planImport(dump, none).tables;
    const existing = new Map([
      ['passwd.csv', moved?.bytes ?? Buffer.alloc(0)],
      ['site.csv', Buffer.from('#key,value\n"a","b"\n')],
    ]);
    expect([mac?.change, moved?.change, site?.change]).toEqual(['new', 'new', 'new']);
    expect(planImport(dump, existing).tables.map(({ name, change }) => [name, change])).toEqual([
      ['mac', 'new'],
      ['passwd', 'same'],
      ['site', 'changed'],
    ]);
  });

  test('notes what litehouse does not do, and what it does not read', () => {
    const dump = [
      file('litetree', '#priority,image,directory,mntopts,comments,disable\n"1",,"#CMD=hostname#:/x",,,\n'),
      file('auditlog', '#recid,args\n"1","chtab passwd.password=x"\n'),
      file('vm', '#node,host\n'),
    ];
    const notes = planImport(dump, none).notes.join('\n');
    expect(notes).toMatch(/^litetree: 1 row runs a command/m);
    expect(notes).toMatch(/^the dump is of a later original \(litetree has the column mntopts\)/m);
    expect(notes).toMatch(/^auditlog: a log/m);
    expect(notes).toMatch(/^kept, but not read by litehouse: auditlog, vm$/m);
    expect(notes).not.toContain('password=x');
  });

  test('the dialect is settled by a row of the site, and by the word bind', () => {
    const later = file('litetree', '#priority,image,directory,mntopts\n');
    const site = file('site', '#key,value\n"litehouse.dialect","later"\n');
    const bind = file('litefile', '#image,file,options\n"ALL","/etc/x","bind"\n');
    expect(planImport([later, site], none).notes).toEqual([]);
    expect(planImport([later, bind], none).notes).toEqual([]);
    const link = file('litefile', '#image,file,options\n"ALL","/etc/x","link,ro"\n');
    expect(planImport([link], none).notes.join()).toContain('the option link,ro');
  });
});
