/** What the checks promise beyond the samples: what they leave alone, and how they fold. */
import { describe, expect, it } from 'vitest';
import { missingTable } from '../diagnostic/catalogue/resolve.ts';
import type { View } from '../resolve/view.ts';
import { checkView } from './check.ts';
import { judgeSeverity } from './severity.ts';
import { checkedRepo, viewOf } from './testing/checked.ts';

const table = (header: string, ...lines: string[]) => `#${header}\n${lines.map((line) => `${line}\n`).join('')}`;
const brief = (found: Awaited<ReturnType<typeof checkedRepo>>, ...codes: string[]) =>
  found
    .filter(({ code }) => codes.length === 0 || codes.includes(code))
    .map(({ code, at, nodes }) => `${code}:${at?.line}${nodes === undefined ? '' : ` ${nodes.join(',')}`}`);

/** n01 to n03 boot the image. */
const cluster = {
  'tables/nodelist.csv': table('node,groups', '"n01","a,b"', '"n02","b,a"', '"n03","a"'),
  'tables/nodetype.csv': table('node,os,arch,profile,provmethod', '"a","os","arch","profile","image"'),
  'tables/chain.csv': table('node,currstate', '"a","statelite"'),
  'tables/hosts.csv': table('node,ip', String.raw`"a","|n(\d+)|10.0.0.($1+10)|"`),
  'tables/policy.csv': table('priority,rule', '"1","allow"'),
};

describe('addresses', () => {
  it('give one diagnostic for a row that gives one address to all', async () => {
    const found = await checkedRepo({ ...cluster, 'tables/hosts.csv': table('node,ip', '"a","10.0.0.7"') });
    expect(brief(found, 'LH312')).toEqual(['LH312:2 n01,n02,n03']);
  });

  it('may stand twice for one node', async () => {
    const hosts = table('node,ip,otherinterfaces', '"n01","10.0.0.7","-ib0:10.0.0.7"');
    expect(brief(await checkedRepo({ ...cluster, 'tables/hosts.csv': hosts }), 'LH312')).toEqual([]);
  });
});

describe('a node name', () => {
  const named = async (name: string) =>
    brief(await checkedRepo({ 'tables/nodelist.csv': table('node,groups', `"${name}","a"`) }), 'LH311');

  it('may be as long as a host name', async () => {
    const label = 'n'.repeat(63);
    expect(await named(label)).toEqual([]);
    expect(await named(`${label}.${label}.${label}.${'n'.repeat(61)}`)).toEqual([]);
  });

  it.each([
    ['n'.repeat(300)],
    ['n'.repeat(64)],
    [Array(4).fill('n'.repeat(63)).join('.')],
  ])('that no host can have, and no file, is refused at its row: %s', async (name) => {
    expect(await named(name)).toEqual(['LH311:2']);
  });

  it('that long is told how to be mended, without all of it', async () => {
    const [found] = await checkedRepo({ 'tables/nodelist.csv': table('node,groups', `"${'n'.repeat(300)}","a"`) });
    expect(found?.mend).toContain('253');
    expect(found?.message.length).toBeLessThan(120);
  });
});

it('the name of an image, and its parts, are names that a directory can have', async () => {
  const osimage = (...cells: string[]) => ({
    'tables/nodelist.csv': table('node,groups', '"n01","a"'),
    'tables/osimage.csv': table('imagename,osvers,osarch,profile', cells.map((cell) => `"${cell}"`).join(',')),
  });
  const long = 'i'.repeat(256);
  const codes = ['LH308', 'LH325'];
  expect(brief(await checkedRepo(osimage(long.slice(1), 'os', 'arch', long.slice(1))), ...codes)).toEqual([]);
  expect(brief(await checkedRepo(osimage(long, 'os', 'arch', 'profile')), ...codes)).toEqual(['LH325:2']);
  expect(brief(await checkedRepo(osimage('image', 'os', 'arch', long)), ...codes)).toEqual(['LH308:2']);
});

describe('rows for nobody', () => {
  const rows = Array.from({ length: 250 }, (_, i) => `"x${i}","1"`);
  const files = {
    ...cluster,
    'tables/nodepos.csv': table('node,rack', ...rows),
    'tables/nodehm.csv': table('node,mgt', '"y","1"'),
  };

  it('are told up to two hundred a table, then counted, and hide none of another table', async () => {
    const found = await checkedRepo(files);
    expect(brief(found, 'LH310').length).toBe(201);
    expect(found.filter(({ code }) => code === 'LH119').map(({ message }) => message)).toEqual([
      '50 more problems of this file are not shown',
    ]);
  });

  it('are not counted either where they are waived', async () => {
    const site = table('key,value', '"litehouse.waive.LH310","racks that come in March"');
    const view = await viewOf({ ...files, 'tables/site.csv': site });
    const shown = judgeSeverity(view, [...view.diagnostics, ...checkView(view)]);
    expect(shown.filter(({ code }) => code === 'LH310' || code === 'LH119')).toEqual([]);
  });
});

describe('two statelite rows', () => {
  const state = (...lines: string[]) => ({
    ...cluster,
    'tables/statelite.csv': table('node,image,statemnt', ...lines),
  });

  it('are reported for the nodes that they meet in, by the row that is not used', async () => {
    const found = await checkedRepo(state('"a",,"s1:/x"', '"b",,"s1:/y"'));
    expect(brief(found, 'LH422')).toEqual(['LH422:3 n01', 'LH422:2 n02']);
  });

  it('are no matter where a node has its own row, both say the same, or they are for different images', async () => {
    const own = state('"a",,"s1:/x"', '"b",,"s1:/y"', '"n01",,"s1:/z"', '"n02",,"s1:/z"');
    expect(brief(await checkedRepo(own), 'LH422')).toEqual([]);
    expect(brief(await checkedRepo(state('"a",,"s1:/x"', '"b",,"s1:/x"')), 'LH422')).toEqual([]);
    expect(brief(await checkedRepo(state('"a",,"s1:/x"', '"b","other","s1:/y"')), 'LH422')).toEqual([]);
  });

  it('that end in the node are seen through other variables too', async () => {
    expect(brief(await checkedRepo(state('"n01",,"s1:/x/n01"', '"a",,"s1:/x/$node/y"')), 'LH423')).toEqual([
      'LH423:2 n01',
    ]);
    expect(brief(await checkedRepo(state(`"nobody",,"s1:/x/\${node}"`)), 'LH423')).toEqual(['LH423:2']);
  });
});

describe('slashes', () => {
  const litefile = (...lines: string[]) => ({ 'tables/litefile.csv': table('image,file,options', ...lines) });

  it('are asked for where the files laid over the image, or an overlay that nodes use, have a directory', async () => {
    const found = await checkedRepo({
      ...cluster,
      'tables/site.csv': table('key,value', '"master","10.0.0.1"'),
      'tables/litetree.csv': table('priority,image,directory', '1,,"10.0.0.1:/syncdirs/one"'),
      'syncdirs/one/opt/app/file': 'x',
      'syncdirs/two/opt/other/file': 'x',
      'images/image/rootimg/opt/tool/file': 'x',
      ...litefile('"ALL","/opt/app"', '"ALL","/opt/other"', '"ALL","/opt/tool"', '"ALL","/opt/tool/file/"'),
    });
    expect(brief(found, 'LH411', 'LH412')).toEqual(['LH411:2', 'LH411:4', 'LH412:5']);
  });

  it('are not asked for where nothing shows a directory', async () => {
    expect(brief(await checkedRepo(litefile('"ALL","/etc/motd"', '"ALL","/opt/x"', '"ALL","/opt/x-y/z"')))).toEqual([]);
  });

  it('make two spellings of one path', async () => {
    const found = await checkedRepo(litefile('"ALL","/opt/x/","ro"', '"ALL","/opt/x"', '"image","/opt/x"'));
    expect(brief(found, 'LH413')).toEqual(['LH413:3']);
  });
});

describe('the dialect', () => {
  const options = (...words: string[]) => ({
    'tables/litefile.csv': table('image,file,options', ...words.map((word, i) => `"ALL","/opt/${i}","${word}"`)),
  });

  it('is doubted where words of later releases stand beside words that changed meaning', async () => {
    expect(brief(await checkedRepo(options('link', 'persistent', 'ro')), 'LH420')).toEqual(['LH420:3']);
    expect(brief(await checkedRepo(options('persistent', 'link,persistent')), 'LH420')).toEqual(['LH420:2']);
    expect(brief(await checkedRepo(options('rw')), 'LH420')).toEqual(['LH420:2']);
  });

  it('is not doubted where all readings agree, or where the table is plainly the cookbook', async () => {
    expect(brief(await checkedRepo(options('link', 'link,ro', '')), 'LH420')).toEqual([]);
    expect(brief(await checkedRepo(options('tmpfs', 'persistent', 'ro')), 'LH420')).toEqual([]);
    expect(brief(await checkedRepo(options('rw', 'bind')), 'LH420')).toEqual([]);
  });

  it('is not doubted where the site names it', async () => {
    for (const dialect of ['later', 'cookbook']) {
      const files = {
        ...options('link', 'persistent'),
        'tables/site.csv': table('key,value', `"litehouse.dialect","${dialect}"`),
      };
      expect(brief(await checkedRepo(files), 'LH420')).toEqual([]);
    }
  });

  it('takes no word of the language for an option', async () => {
    expect(brief(await checkedRepo(options('constructor')), 'LH401')).toEqual(['LH401:2']);
  });
});

describe('images', () => {
  const images = table(
    'imagename,osvers,osarch,profile,provmethod',
    '"image","os","arch","profile",',
    '"two","os","arch","profile","install"',
  );

  it('may share a tree while nodes boot only one of them', async () => {
    const found = await checkedRepo({ ...cluster, 'tables/osimage.csv': images });
    expect(brief(found, 'LH323', 'LH324')).toEqual([]);
  });

  it('share no tree where litehouse builds them, but one that it builds and one that it does not', async () => {
    const view = await viewOf({
      ...cluster,
      'tables/osimage.csv': table(
        'imagename,osvers,osarch,profile',
        '"image","os","arch","profile"',
        '"two","os","arch","profile"',
      ),
      'tables/nodetype.csv': table(
        'node,os,arch,profile,provmethod',
        '"a","os","arch","profile","image"',
        '"n02",,,,"two"',
      ),
    });
    const where = { plugin: 'x', base: 'b', boot: 'c', generation: 'd', needs: [] };
    const building = (...built: string[]): View => {
      const images = new Map(
        [...view.images].map(([name, image]) => [
          name,
          built.includes(name) ? { ...image, build: { kind: 'built' as const, ...where } } : image,
        ]),
      );
      const nodes = new Map(
        [...view.nodes].map(([name, node]) => [name, { ...node, image: images.get(node.image?.name ?? '') }]),
      );
      return { ...view, images, nodes };
    };
    expect(brief(checkView(view), 'LH323')).toEqual(['LH323:3']);
    expect(brief(checkView(building('two')), 'LH323')).toEqual(['LH323:3']);
    expect(brief(checkView(building('image', 'two')), 'LH323')).toEqual([]);
  });

  it('that share a tree by linuximage.rootimgdir are found under their different profiles', async () => {
    const found = await checkedRepo({
      ...cluster,
      'tables/osimage.csv': table(
        'imagename,osvers,osarch,profile',
        '"image","os","arch","p"',
        '"two","os","arch","q"',
      ),
      'tables/linuximage.csv': table('imagename,rootimgdir', '"image","/srv/x/"', '"two","/srv/x/rootimg"'),
      'tables/nodetype.csv': table('node,os,arch,profile,provmethod', '"a","os","arch","p","image"', '"n02",,,,"two"'),
    });
    expect(brief(found, 'LH323')).toEqual(['LH323:3']);
  });
});

describe('site', () => {
  it.each(['install', '/', '/a/../b', '/./install'])('has no installdir %s', async (value) => {
    expect(
      brief(await checkedRepo({ 'tables/site.csv': table('key,value', `"installdir","${value}"`) }), 'LH355'),
    ).toHaveLength(1);
  });

  it('takes no word of the language for a key of its own', async () => {
    expect(
      brief(await checkedRepo({ 'tables/site.csv': table('key,value', '"constructor","x"', '"__proto__","y"') })),
    ).toEqual([]);
  });

  it('has no doubt about a closing slash', async () => {
    expect(brief(await checkedRepo({ 'tables/site.csv': table('key,value', '"installdir","/install/"') }))).toEqual([]);
  });
});

it('a commit without a nodelist is told that its nodes are gone; a folder without one is a beginning', async () => {
  expect((await viewOf({}, 'c0ffee')).diagnostics.map(({ code }) => code)).toEqual([missingTable.code]);
  expect((await viewOf({})).diagnostics).toEqual([]);
});

it('a cluster without anything wrong has no diagnostics', async () => {
  const view = await viewOf({ ...cluster, 'tables/site.csv': table('key,value', '"master","10.0.0.1"') });
  expect(checkView(view)).toEqual([]);
});
