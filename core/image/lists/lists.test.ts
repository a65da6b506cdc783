import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImageFindings } from '../findings.ts';
import { expandList } from './lines.ts';
import { nameFault, parsePackages } from './packages.ts';
import { parsePatterns } from './patterns.ts';
import { cellRepositories, parseRepolist } from './repositories.ts';

const top = 'custom/netboot/rh/compute.pkglist';

function read(files: Readonly<Record<string, string>>, path = top) {
  const findings = new ImageFindings();
  const source = {
    file: (name: string) => {
      const text = Object.hasOwn(files, name) ? files[name] : undefined;
      return text === undefined ? undefined : { path: name, blob: `blob of ${name}`, text };
    },
    custom: (name: string) => (name.startsWith('/install/custom/') ? name.slice('/install/'.length) : undefined),
  };
  const list = expandList(path, source, findings);
  const said = () => findings.diagnostics.map(({ code, at }) => `${code} ${at?.file}:${at?.line}:${at?.column}`);
  return { ...list, findings, said };
}

function packagesOf(text: string, kind: 'distribution' | 'other' = 'distribution') {
  const { lines, findings, said } = read({ [top]: text });
  return { ...parsePackages(lines, kind, findings), findings, said };
}

describe('a list of packages', () => {
  it('has names, comments, removals before and after, groups, and passes', () => {
    const { passes, findings } = packagesOf(
      '# needed\nbash\n  nfs-utils  # for the root\n-sendmail\n--gcc\n@ Development Tools\n#NEW_INSTALL_LIST#\nkernel\n',
    );
    expect(passes).toEqual([
      { install: ['bash', 'nfs-utils', '@Development Tools'], removeBefore: ['sendmail'], removeAfter: ['gcc'] },
      { install: ['kernel'], removeBefore: [], removeAfter: [] },
    ]);
    expect(findings.diagnostics).toEqual([]);
  });

  it('takes several names on a line, with commas or blanks, and line ends of any kind', () => {
    expect(packagesOf('a,b , c d\r\ne\rf\n').passes[0]?.install).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('takes globs, versions, architectures and files that packages bring', () => {
    const names = ['linux-*', 'bash=5.2.15-2+b2', 'libc6:i386', '/usr/bin/perl', 'g++', '@nodejs:20/common'];
    const { passes, findings } = packagesOf(names.join('\n'));
    expect(findings.diagnostics).toEqual([]);
    expect(passes[0]?.install).toEqual(names);
  });

  it('has no name that an option, a file of the server or a shell word could be', () => {
    const bad = [
      '--installroot=/',
      '---x',
      '--',
      '-',
      '-o=Dpkg::Pre-Invoke=x',
      '$(reboot)',
      'a;b',
      'a|b',
      'a>b',
      './local',
      '/tmp/evil.rpm',
      'evil.deb',
      '/etc/../x',
      'sub/pkg',
      'name-',
      'http://host/x',
      '~nremove',
      '!x',
      '--/etc/passwd',
      'a=b=c',
    ];
    for (const text of bad) {
      const { passes, said, findings } = packagesOf(text);
      expect([text, passes], text).toEqual([text, []]);
      expect(said()[0], text).toMatch(/^LH761 /);
      expect(findings.diagnostics[0]?.severity).toBe('error');
    }
  });

  it('says where a bad name stands, and goes on behind it', () => {
    const { passes, said } = packagesOf('bash\n  good, bad;name, better\n');
    expect(said()).toEqual([`LH761 ${top}:2:9`]);
    expect(passes[0]?.install).toEqual(['bash', 'good', 'better']);
  });

  it('of other packages names sub-repositories', () => {
    const { passes, folders } = packagesOf('top\ngpfs/gpfs.base\na/b/deep\n-gpfs/old\n', 'other');
    expect(passes[0]).toEqual({ install: ['top', 'gpfs.base', 'deep'], removeBefore: ['old'], removeAfter: [] });
    expect(folders).toEqual(['', 'gpfs', 'a/b']);
    expect(packagesOf('../x/pkg', 'other').said()).toEqual([`LH761 ${top}:1:1`]);
    expect(packagesOf('.hidden/pkg', 'other').said()).toEqual([`LH761 ${top}:1:1`]);
  });
});

describe('an include', () => {
  const shared = 'custom/netboot/rh/shared/base.pkglist';

  it('is relative to the file in which it stands, or means custom/ of the repository', () => {
    const { lines, files } = read({
      [top]: 'a\n#INCLUDE:shared/base.pkglist#\nz\n',
      [shared]: 'b\n#INCLUDE:../more.pkglist#\n',
      'custom/netboot/rh/more.pkglist': 'c\n#INCLUDE:/install/custom/all.pkglist#\n',
      'custom/all.pkglist': 'd',
    });
    expect(lines.map(({ text }) => text)).toEqual(['a', 'b', 'c', 'd', 'z']);
    expect(lines[1]?.at).toEqual({ file: shared, line: 1, column: 1 });
    expect(files.map(({ path }) => path)).toEqual([
      top,
      shared,
      'custom/netboot/rh/more.pkglist',
      'custom/all.pkglist',
    ]);
  });

  it('of the list itself, or of one that is being read, is refused with the way that leads there', () => {
    const { findings, lines } = read({
      [top]: 'a\n#INCLUDE:shared/base.pkglist#\n',
      [shared]: '#INCLUDE:../compute.pkglist#\n',
    });
    expect(lines.map(({ text }) => text)).toEqual(['a']);
    expect(findings.diagnostics[0]).toMatchObject({ code: 'LH764', at: { file: shared, line: 1, column: 1 } });
    expect(findings.diagnostics[0]?.message).toContain(`${top} > ${shared} > ${top}`);
  });

  it('may not leave custom/, and is said where there is no such file', () => {
    const bad = read({
      [top]: '#INCLUDE:../../../../etc/passwd#\n#INCLUDE:/opt/xcat/share/x.pkglist#\n#INCLUDE:none#\n#INCLUDE:#\n',
    });
    expect(bad.said()).toEqual([1, 2, 3, 4].map((line) => `LH763 ${top}:${line}:1`));
    expect(bad.findings.faults).toHaveLength(4);
    expect(bad.findings.diagnostics[1]?.mend).toContain('custom/netboot/rh/x.pkglist');
  });

  it('that doubles at each level ends all the same', () => {
    const files: Record<string, string> = { [top]: '#INCLUDE:0#\n' };
    for (let i = 0; i < 40; i++) files[`custom/netboot/rh/${i}`] = `#INCLUDE:${i + 1}#\n#INCLUDE:${i + 1}#\n`;
    const { findings } = read(files);
    expect(findings.diagnostics.length).toBeGreaterThan(0);
    expect(findings.diagnostics.length).toBeLessThan(600);
  });

  it('that is nearly one is a comment, with a warning', () => {
    const { lines, said } = read({ [top]: '#INCLUDE:x\n#include:x#\n#NEW_INSTALL_LIST\n# INCLUDE: is a word\n' });
    expect(lines).toEqual([]);
    expect(said()).toEqual([1, 2, 3].map((line) => `LH762 ${top}:${line}:1`));
  });
});

describe('an exlist', () => {
  const patterns = (text: string) => {
    const { lines, findings, said } = read({ [top]: text });
    return { patterns: parsePatterns(lines, findings), said };
  };

  it('has patterns in order, in one form, with + for what is put back', () => {
    expect(
      patterns('./usr/share/man*\n-./usr/lib/locale*\n+./usr/share/man/man8*\n/tmp/x\nvar/cache\n*.pyc\n').patterns,
    ).toEqual(['./usr/share/man*', './usr/lib/locale*', '+./usr/share/man/man8*', './tmp/x', './var/cache', '*.pyc']);
  });

  it('says which patterns match nothing', () => {
    const { patterns: kept, said } = patterns('./a/../b\n+\n./a//b\n');
    expect(kept).toEqual([]);
    expect(said()).toEqual([1, 2, 3].map((line) => `LH769 ${top}:${line}:1`));
  });
});

describe('a repolist', () => {
  const repolist = (text: string) => {
    const { lines, findings, said } = read({ [top]: text });
    return { repositories: parseRepolist(lines, '/install', findings), said, findings };
  };

  it('is read as the cookbook prints it, blanks and broken line included', () => {
    const { repositories, said } = repolist(
      'plaindir | file:///install/post/otherpkgs/sles11/ppc64 |\notherpkgs\nrpm-md | http://xcat.sourceforge.net/yum/xcat-dep/sles11/ppc64 | xcat-dep\n',
    );
    expect(said()).toEqual([]);
    expect(repositories).toEqual([
      {
        type: 'plaindir',
        url: '/install/post/otherpkgs/sles11/ppc64',
        below: 'post/otherpkgs/sles11/ppc64',
        alias: 'otherpkgs',
        from: `${top}:1`,
      },
      {
        type: 'rpm-md',
        url: 'http://xcat.sourceforge.net/yum/xcat-dep/sles11/ppc64',
        alias: 'xcat-dep',
        from: `${top}:3`,
      },
    ]);
  });

  it('takes any word for a type, as the original does: known ones in any letters, others with a warning', () => {
    const { repositories, said, findings } = repolist(
      'YaST2 | http://host/a | a\nPlaindir | /srv/b | b\nRPM-MD|http://host/c|c\nrepomd | http://host/d | d\nrpmmb | http://host/e | e\n',
    );
    expect(repositories.map(({ type, alias }) => [alias, type])).toEqual([
      ['a', ''],
      ['b', 'plaindir'],
      ['c', 'rpm-md'],
      ['d', ''],
      ['e', ''],
    ]);
    expect(said()).toEqual([`LH777 ${top}:5:1`]);
    expect(findings.diagnostics.map(({ severity, message }) => [severity, message.includes("'rpmmb'")])).toEqual([
      ['warning', true],
    ]);
    expect(findings.faults).toEqual([]);
  });

  it('has lines of sources.list for Debian', () => {
    const { repositories, said } = repolist(
      'deb | http://deb.debian.org/debian bookworm main contrib | main\ndeb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://host/debian stable main\ndeb | file:///srv/local ./ | local\n',
    );
    expect(said()).toEqual([]);
    expect(repositories.map(({ url, alias }) => [url, alias])).toEqual([
      ['deb http://deb.debian.org/debian bookworm main contrib', 'main'],
      ['deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://host/debian stable main', 'repository2'],
      ['deb file:///srv/local ./', 'local'],
    ]);
  });

  it.each([
    'rpm-md | plugin:script?x=1 | a',
    'rpm-md | https://user:secret@host/repo | a',
    'deb | rsh://host/debian stable main | a',
    'deb | ssh:host/debian stable main | a',
    'deb | [inrelease-path=x] http://host/d stable main | a',
    'rpm-md | http://host/$(id) | a',
    'rpm-md | http://host/repo | a]b',
    'rpm-md | --root | a',
    'deb | http://host/d stable main;x | a',
  ])('refuses %s, and does not quote it', (text) => {
    const { repositories, findings } = repolist(text);
    expect(repositories).toEqual([]);
    expect(findings.diagnostics).toMatchObject([
      { code: 'LH768', severity: 'error', at: { file: top, line: 1, column: 1 } },
    ]);
    expect(findings.diagnostics[0]?.message).not.toContain('secret');
  });

  it.each([
    ...[
      '/',
      '/.',
      '//',
      '/proc',
      '/proc/1/root',
      '/sys/',
      '/etc',
      '/etc/apt',
      '/root',
      '/home',
      '/boot',
      '/usr',
      '/var',
    ],
    // The installdir of these tests is /install.
    ...['/install', '/install/', 'file:///', 'file:///install'],
    // Where images are built.
    ...['file:///install/netboot', '/install/netboot/rhels9/x86_64/compute/rootimg/var', '/install/.litehouse'],
  ])('never looks through the folder %s, where the whole server or its images lie', (text) => {
    const findings = new ImageFindings();
    const at = { file: 'tables/linuximage.csv', line: 2, column: 3 };
    expect(cellRepositories({ text, column: 'pkgdir', at }, 'x', '/install', findings)).toEqual([]);
    expect(findings.diagnostics).toMatchObject([{ code: 'LH768', severity: 'error', at }]);
    expect(findings.diagnostics[0]?.message).toMatch(
      /a folder of the system|with all trees of images|images are built in/,
    );
  });

  it('takes folders below those, but not one that an installdir lies in', () => {
    const urls = (text: string, installdir: string) => {
      const at = { file: 'tables/linuximage.csv', line: 2, column: 3 };
      return cellRepositories({ text, column: 'pkgdir', at }, 'x', installdir, new ImageFindings()).map(
        ({ url }) => url,
      );
    };
    const good = ['/srv/rpms', '/home/me/packages', '/var/www/html/repo', '/install/debian12/x86_64', '/mnt'];
    expect(urls(good.join(','), '/install')).toEqual(good);
    expect(urls('/install/netboots,/data/xcat/install/netboot', '/data/xcat/install')).toEqual(['/install/netboots']);
    expect(urls('/data,/data/xcat,/data/xcat/install,/data/other', '/data/xcat/install')).toEqual(['/data/other']);
  });

  it.each([
    'rpm-md http://host/repo',
    'a | b | c | d',
    'rpm-md | | a',
    'rpm-md | host/x | a',
    'deb | http://host/d | a',
  ])('warns of %s', (text) => {
    const { repositories, findings } = repolist(text);
    expect(repositories).toEqual([]);
    expect(findings.diagnostics).toMatchObject([{ code: 'LH767', severity: 'warning' }]);
  });

  it('has each alias once', () => {
    expect(repolist('rpm-md | http://a/ | x\nrpm-md | http://b/ | x\n').said()).toEqual([`LH767 ${top}:2:1`]);
  });
});

describe('whatever a list says', () => {
  const word = fc.constantFrom(
    'bash',
    '-x',
    '--y',
    '@g',
    'a/b',
    '#INCLUDE:a#',
    '#INCLUDE:b#',
    '#INCLUDE:../../..#',
    '#NEW_INSTALL_LIST#',
    ',',
    '|',
    ' ',
    '\t',
    '\n',
    '\r\n',
    'deb http://h s c',
    '[',
    '+./x',
    '\0',
    '$(x)',
    '=',
  );
  const text = fc
    .array(fc.oneof(word, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 30 })
    .map((words) => words.join(''));

  it('is read without a fault of ours, every finding has a place in its file, and no name is more than a name', () => {
    fc.assert(
      fc.property(text, text, text, (main, a, b) => {
        const files: Record<string, string> = { [top]: main, 'custom/netboot/rh/a': a, 'custom/netboot/rh/b': b };
        const { lines, findings } = read(files);
        const { passes } = parsePackages(lines, 'other', findings);
        parsePatterns(lines, findings);
        const cell = { text: main, column: 'pkgdir', at: { file: top, line: 1, column: 1 } };
        for (const repository of [
          ...parseRepolist(lines, '/install', findings),
          ...cellRepositories(cell, 'x', '/install', new ImageFindings()),
        ]) {
          expect(repository.url).toMatch(/^(deb |https?:|ftp:|file:|\/)/i);
          expect(repository.url).not.toMatch(/[\p{Cc}"'`\\|<>]/u);
        }
        for (const { at } of findings.diagnostics) {
          const row = files[at?.file ?? '']?.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)[(at?.line ?? 0) - 1];
          expect(row).toBeDefined();
          expect(at?.column).toBeGreaterThan(0);
          expect(at?.column).toBeLessThanOrEqual((row ?? '').length);
        }
        for (const pass of passes) {
          for (const name of Object.values(pass).flat()) {
            expect(name).not.toMatch(/^-|[;|&$`"'\\<>(){}!#\p{Cc}]/u);
            expect(nameFault(name, true)).toBeUndefined();
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});
