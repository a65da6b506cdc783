/** The sample rows of the statelite cookbook, letter by letter as printed, and the T07 samples with our result where it differs. */
import { describe, expect, it } from 'vitest';
import { parseTable } from './parse.ts';
import { schemas } from './schemas.ts';

const redhat = `#image,file,options,comments,disable
"ALL", "/etc/adjtime",,,,
"ALL", "/etc/fstab",,,,
"ALL", "/etc/inittab",,,,
"ALL", "/etc/lvm/.cache",,,,
"ALL", "/etc/mtab",,,,
"ALL", "/etc/ntp.conf",,,,
"ALL", "/etc/ntp.conf.predhclient",,,,
"ALL", "/etc/resolv.conf",,,,
"ALL", "/etc/resolv.conf.predhclient",,,,
"ALL", "/etc/ssh/",,,,
"ALL", "/tmp/",,,,
"ALL", "/var/account/",,,,
"ALL", "/var/arpwatch",,,,
"ALL", "/var/cache/alchemist",,,,
"ALL", "/var/cache/foomatic/",,,,
"ALL", "/var/cache/logwatch/",,,,
"ALL", "/var/cache/man/",,,,
"ALL", "/var/cache/mod_ssl/",,,,
"ALL", "/var/cache/mod_proxy/",,,,
"ALL", "/var/cache/php-pear/",,,,
"ALL", "/var/cache/systemtap/",,,,
"ALL", "/var/empty/",,,,
"ALL", "/var/db/nsd/",,,,
"ALL", "/var/gdm/",,,,
"ALL", "/var/lib/dav/",,,,
"ALL", "/var/lib/dhcp/",,,,
"ALL", "/var/lib/dhclient/",,,,
"ALL", "/var/lib/php/",,,,
"ALL", "/var/lib/scsi/",,,,
"ALL", "/var/lib/ups/",,,,
"ALL", "/var/lib/random-seed",,,,
"ALL", "/var/lib/iscsi",,,,
"ALL", "/var/lib/logrotate.status",,,,
"ALL", "/var/lib/ntp/",,,,
"ALL", "/var/lib/xen/ntp",,,,
"ALL", "/var/lock/",,,,
"ALL", "/var/log/",,,,
"ALL", "/var/run/",,,,
"ALL", "/var/tmp/",,,,
"ALL", "/var/tux/",,,,
"ALL", "/opt/xcat/",,,,
"ALL", "/xcatpost/",,,,
`;

const sles = `#image,file,options,comments,disable
"ALL", "/etc/inittab",,,,
"ALL", "/etc/lvm/.cache",,,,
"ALL", "/etc/mtab",,,,
"ALL", "/etc/ntp.conf",,,,
"ALL", "/etc/resolv.conf",,,,
"ALL", "/etc/ssh/",,,,
"ALL", "/etc/sysconfig/",,,,
"ALL", "/etc/syslog-ng/",,,,
"ALL", "/tmp/",,,,
"ALL", "/var/tmp/",,,,
"ALL", "/var/run/",,,,
"ALL", "/etc/yp.conf",,,,
"ALL", "/var/lib/",,,,
"ALL", "/var/empty/",,,,
"ALL", "/var/spool/", , , ,
"ALL", "/var/lock/", , , ,
"ALL", "/var/log/", , , ,
"ALL", "/var/cache/", , , ,
"ALL", "/etc/fstab", , , ,
"ALL", "/var/adm/", , , ,
"ALL", "/root/.viminfo", , , ,
"ALL", "/root/.bash_history", , , ,
"ALL", "/opt/xcat/", , , ,
"ALL", "/xcatpost/", , , ,
`;

function parse(text: string) {
  const { table, diagnostics } = parseTable('litefile', 'tables/litefile.csv', text, schemas.get('litefile'));
  const rows = table?.rows.map((row) => row.values);
  const said = diagnostics.map(({ code, severity, at }) => `${code} ${severity} ${at?.line}:${at?.column}`);
  return { table, rows, said, diagnostics };
}

const header = '#image,file,options,comments,disable\n';

describe('the cookbook', () => {
  it.each([
    ['RedHat', redhat, 42, '/etc/adjtime', '/xcatpost/'],
    ['SLES', sles, 24, '/etc/inittab', '/xcatpost/'],
  ])('%s sample is accepted as printed, blanks after commas and surplus commas included', (_, text, count, first, last) => {
    const { rows, said } = parse(text);
    expect(said).toEqual([]);
    expect(rows).toHaveLength(count);
    expect(rows?.[0]).toEqual(['ALL', first, undefined, undefined, undefined]);
    expect(rows?.at(-1)).toEqual(['ALL', last, undefined, undefined, undefined]);
  });

  it('litetree and statelite samples are accepted as printed', () => {
    const tree = parseTable(
      'litetree',
      'tables/litetree.csv',
      '#priority,image,directory,comments,disable\n1,, $noderes.nfssserver:/statelite/$node\n2,, cnfs:/gpfs/dallas/\n',
      schemas.get('litetree'),
    );
    expect(tree.diagnostics).toEqual([]);
    expect(tree.table?.rows.map((row) => row.values.slice(0, 3))).toEqual([
      ['1', undefined, '$noderes.nfssserver:/statelite/$node'],
      ['2', undefined, 'cnfs:/gpfs/dallas/'],
    ]);
    const state = parseTable(
      'statelite',
      'tables/statelite.csv',
      '#node, image, statemnt, comments, disable\n"japan",, "cnfs:/gpfs/state",,,\n',
      schemas.get('statelite'),
    );
    expect(state.diagnostics).toEqual([]);
    expect(state.table?.columns).toEqual(['node', 'image', 'statemnt', 'comments', 'disable']);
    expect(state.table?.rows[0]?.values).toEqual(['japan', undefined, 'cnfs:/gpfs/state', undefined, undefined]);
  });
});

describe('T07 samples', () => {
  it('a: a blank before a quote is accepted (the original refuses the row that its own cookbook prints)', () => {
    const { rows, said } = parse(`${header}"ALL", "/etc/adjtime",,,,\n`);
    expect(said).toEqual([]);
    expect(rows).toEqual([['ALL', '/etc/adjtime', undefined, undefined, undefined]]);
  });

  it('b: a surplus comma is accepted', () => {
    expect(parse(`${header}"ALL","/etc/adjtime",,,,\n`).said).toEqual([]);
  });

  it('c: a doubled quote is one quote, and a comma inside quotes separates nothing', () => {
    const { rows, said } = parse(`${header}"ALL","/etc/q","tmpfs","say ""hi"", ok",\n`);
    expect(said).toEqual([]);
    expect(rows).toEqual([['ALL', '/etc/q', 'tmpfs', 'say "hi", ok', undefined]]);
  });

  it('d: comments may span lines', () => {
    const { rows, said } = parse(`${header}"ALL","/etc/m","tmpfs","line1\nline2",\n`);
    expect(said).toEqual([]);
    expect(rows?.[0]?.[3]).toBe('line1\nline2');
  });

  it('e: values need no quotes', () => {
    expect(parse(`${header}ALL,/etc/u,tmpfs,a comment,\n`).rows).toEqual([
      ['ALL', '/etc/u', 'tmpfs', 'a comment', undefined],
    ]);
  });

  it('f: a mistyped column is refused, with the name that was meant; its rows are still read, to show more problems', () => {
    const { rows, said, diagnostics } = parse('#image,file,optionz\n"ALL","/etc/u","tmpfs"\n');
    expect(said).toEqual(['LH104 error 1:13']);
    expect(diagnostics[0]?.message).toContain("'optionz'");
    expect(diagnostics[0]?.mend).toContain("'options'");
    expect(rows).toHaveLength(1);
  });

  it('g: a surplus value is refused where it stands', () => {
    const { rows, said, diagnostics } = parse(`${header}"ALL","/etc/u","tmpfs",,,,"x"\n"ALL","/etc/v",,,\n`);
    expect(said).toEqual(['LH113 error 2:28']);
    expect(diagnostics[0]?.message).toBe("'x' stands in cell 7, but the header names 5 columns");
    expect(rows?.map((row) => row[1])).toEqual(['/etc/v']);
  });

  it('h: a file without a header is refused, with the header to write', () => {
    const { table, said, diagnostics } = parse('"ALL","/etc/u","tmpfs",,\n');
    expect(said).toEqual(['LH102 error 1:1']);
    expect(diagnostics[0]?.mend).toContain('#image,file,options,comments,disable');
    expect(table).toBeUndefined();
  });

  it('i: columns may be left out, stand in any order and be quoted', () => {
    const { table, rows, said } = parse('#"file","image"\n"/etc/s","ALL"\n');
    expect(said).toEqual([]);
    expect(table?.columns).toEqual(['file', 'image']);
    expect(rows).toEqual([['/etc/s', 'ALL']]);
  });

  it('j: an empty quoted cell is not set (so the row applies to all images; the original never used it)', () => {
    const { rows, said } = parse(`${header}"","/etc/e","","",""\n`);
    expect(said).toEqual([]);
    expect(rows).toEqual([[undefined, '/etc/e', undefined, undefined, undefined]]);
  });

  it('k: a second row with the same key is refused and names the line of the first, which is kept', () => {
    const { rows, said, diagnostics } = parse(`${header}"ALL","/etc/d","ro",,\n"ALL","/etc/d","con",,\n`);
    expect(said).toEqual(['LH116 error 3:1']);
    expect(diagnostics[0]?.message).toContain('on line 2');
    expect(rows?.map((row) => row[2])).toEqual(['ro']);
  });

  it('l: a # line below the header is a comment (the original refuses it)', () => {
    const { rows, said } = parse(`${header}#"ALL","/etc/c","ro",,\n"ALL","/etc/d","con",,\n`);
    expect(said).toEqual([]);
    expect(rows?.map((row) => row[1])).toEqual(['/etc/d']);
  });

  it('m: a blank line is nothing (the original refuses it)', () => {
    const { table, said } = parse(`${header}\n"ALL","/etc/d","con",,\n`);
    expect(said).toEqual([]);
    expect(table?.rows.map((row) => row.line)).toEqual([3]);
  });

  it('n: trailing blanks do not matter', () => {
    const { rows, said } = parse('#image,file,options,comments,disable  \n"ALL","/etc/d","con",,   \n');
    expect(said).toEqual([]);
    expect(rows).toEqual([['ALL', '/etc/d', 'con', undefined, undefined]]);
  });
});
