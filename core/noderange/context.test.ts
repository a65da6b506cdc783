import { describe, expect, test } from 'vitest';
import { viewOf } from '../../test/cluster/view.ts';
import { noderangeContext } from './context.ts';
import { expandNoderange } from './expand.ts';

const nodelist = `#node,groups,comments,disable
"n01","rack1,all",,
"n02","rack1,all",,
"n03","rack2,all",,
"n04","rack2,all",,
"old","all",,"1"
`;
const nodetype = `#node,os,arch,comments,disable
"all",,"x86_64",,
"rack1","rhels5.5",,,
"rack2","debian12",,,
`;
const group = (rows: string) => `#groupname,grouptype,members,membergroups,wherevals,comments,disable\n${rows}`;

async function context(nodegroup = '', site = '') {
  const view = await viewOf({
    'tables/nodelist.csv': nodelist,
    'tables/nodetype.csv': nodetype,
    'tables/nodegroup.csv': group(nodegroup),
    'tables/site.csv': `#key,value,comments,disable\n${site}`,
  });
  return noderangeContext(view);
}

describe('the noderange context of a view', () => {
  test('has the nodes in force and the groups of nodelist', async () => {
    const range = await context();
    expect(expandNoderange('all', range).nodes).toEqual(['n01', 'n02', 'n03', 'n04']);
    expect(expandNoderange('rack1,-n01', range).nodes).toEqual(['n02']);
    expect(expandNoderange('old,rack3', range).missed).toEqual(['old', 'rack3']);
  });

  test('finds attributes through groups, and refuses those that no table has', async () => {
    const range = await context();
    expect(expandNoderange('nodetype.os==debian12', range).nodes).toEqual(['n03', 'n04']);
    expect(expandNoderange('os=~rhels', range).nodes).toEqual(['n01', 'n02']);
    expect(expandNoderange('nodetype.ox==x', range).errors).toHaveLength(1);
    // litefile has no rows for nodes.
    expect(expandNoderange('litefile.file==x', range).errors).toHaveLength(1);
  });

  test('a dynamic group has the nodes for which all its tests hold', async () => {
    const range = await context('"rh","dynamic",,,"os=~^rhels::arch==x86_64",,\n"none","dynamic",,,"os==x",,\n');
    expect(expandNoderange('rh', range).nodes).toEqual(['n01', 'n02']);
    expect(expandNoderange('none', range)).toMatchObject({ nodes: [], missed: [] });
    expect(expandNoderange('all,-rh', range).nodes).toEqual(['n03', 'n04']);
    expect(range.problems).toEqual([]);
  });

  test('a dynamic group that cannot be read has no members, and is a problem with its place', async () => {
    const range = await context('"bad","dynamic",,,"os is rhels5.5",,\n');
    expect(expandNoderange('bad', range)).toMatchObject({ nodes: [], missed: [] });
    expect(range.problems).toMatchObject([{ code: 'LH223', at: { file: 'tables/nodegroup.csv', line: 2 } }]);
    expandNoderange('bad', range);
    expect(range.problems).toHaveLength(1);
  });

  test('a static group of nodegroup adds members and other groups, in circles too; the word static is no member', async () => {
    const range = await context(
      '"a","static","static","b,rack2",,,\n"b",,"n01","a",,,\n"rack1","static","n04",,,,\n"empty",,,,,,\n',
    );
    expect(expandNoderange('a', range).nodes).toEqual(['n01', 'n03', 'n04']);
    expect(expandNoderange('b', range).nodes).toEqual(['n01', 'n03', 'n04']);
    expect(expandNoderange('rack1', range).nodes).toEqual(['n01', 'n02', 'n04']);
    expect(expandNoderange('empty', range)).toMatchObject({ nodes: [], missed: [] });
  });

  test('a static group may be made of dynamic ones', async () => {
    const range = await context('"a","static",,"rh",,,\n"rh","dynamic",,,"os=~^rhels",,\n');
    expect(expandNoderange('a', range).nodes).toEqual(['n01', 'n02']);
  });

  test('site.excludenodes is a noderange whose nodes are never part of a result', async () => {
    const range = await context('"rh","dynamic",,,"os=~^rhels",,\n', '"excludenodes","rh,-n01",,\n');
    expect(expandNoderange('n01-n03', range).nodes).toEqual(['n01', 'n03']);
    const bad = await context('', '"excludenodes","n[01",,\n');
    expect(expandNoderange('n01', bad).nodes).toEqual(['n01']);
    expect(bad.problems).toMatchObject([{ code: 'LH221', at: { file: 'tables/site.csv', line: 2 } }]);
  });
});
