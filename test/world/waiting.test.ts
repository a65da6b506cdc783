/** DESIGN 7: a node whose artifact is missing keeps its whole previous set, then flips as a unit. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../core/engine/types.ts';
import { importCommits, initBare, type NewCommit } from '../cluster/repository.ts';
import slowImage from '../plugins/slow-image.ts';
import { labEngine, read, setMain, temporary } from './engine-lab.ts';

const lines = (...rows: string[]): string => rows.map((row) => `${row}\n`).join('');

/** Three nodes: n01 and n02 boot a built image, n03 an external one. */
function tables(change: Readonly<Record<string, string>> = {}): Map<string, { text: string; mode: '100644' }> {
  const files: Record<string, string> = {
    'tables/nodelist.csv': lines('#node,groups', '"n01","built,all"', '"n02","built,all"', '"n03","plain,all"'),
    'tables/nodetype.csv': lines(
      '#node,os,arch,profile,provmethod',
      '"built","test1","x86_64","a","img"',
      '"plain","rh5","x86_64","a","ext"',
    ),
    'tables/noderes.csv': lines('#node,netboot,nfsserver,xcatmaster', '"all","pxe","10.0.0.1","10.0.0.1"'),
    'tables/chain.csv': lines('#node,currstate', '"all","statelite"'),
    'tables/mac.csv': lines(
      '#node,mac',
      '"n01","00:00:00:00:00:01"',
      '"n02","00:00:00:00:00:02"',
      '"n03","00:00:00:00:00:03"',
    ),
    'tables/hosts.csv': lines('#node,ip', '"n01","10.0.0.11"', '"n02","10.0.0.12"', '"n03","10.0.0.13"'),
    'tables/networks.csv': lines('#netname,net,mask', '"c","10.0.0.0","255.255.255.0"'),
    'tables/site.csv': lines('#key,value', '"master","10.0.0.1"'),
    'tables/osimage.csv': lines(
      '#imagename,profile,osvers,osarch',
      '"img","a","test1","x86_64"',
      '"ext","a","rh5","x86_64"',
    ),
    'tables/litefile.csv': lines('#image,file,options', '"ALL","/etc/motd",""'),
    'tables/litetree.csv': lines('#priority,image,directory'),
    'tables/statelite.csv': lines('#node,image,statemnt'),
    ...change,
  };
  return new Map(Object.entries(files).map(([path, text]) => [path, { text, mode: '100644' as const }]));
}

const oneMoreFile = {
  'tables/litefile.csv': lines('#image,file,options', '"ALL","/etc/motd",""', '"ALL","/etc/issue",""'),
};

let lab: ReturnType<typeof temporary>;
let engine: Engine | undefined;
let repository: string;
let dir: string;
let marker: string;

beforeEach(async () => {
  lab = temporary('waiting');
  repository = join(lab.dir, 'config.git');
  dir = join(lab.dir, 'world');
  marker = join(lab.dir, 'marker');
  await initBare(repository);
});
afterEach(async () => {
  writeFileSync(marker, '');
  await engine?.close();
  engine = undefined;
  lab.remove();
});

async function commits(...changes: Readonly<Record<string, string>>[]): Promise<string[]> {
  const steps: NewCommit[] = changes.map((change, i) => ({
    subject: `commit ${i}`,
    branch: 'main',
    parents: i === 0 ? [] : [i - 1],
    changes: tables(change),
  }));
  return importCommits(repository, steps);
}

const open = () =>
  labEngine({ repository, dir, images: 'built', plugins: [slowImage], options: { 'slow-image': { marker } } });

const boot = (node: string): string => read(join(dir, 'tftp/pxelinux.cfg', node));

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never came true: ${what}`);
}

async function apply(commit: string): Promise<void> {
  setMain(repository, commit);
  const result = await (engine ?? (await start())).reconcile('test');
  if (!result.ok) throw new Error(result.lines.join('\n'));
}

async function start(): Promise<Engine> {
  engine = await open();
  return engine;
}

const isApplied = async () => (await (engine as Engine).status()).state === 'applied';

describe('a node that waits for its image', () => {
  test('has no boot file before the first image is built, and its refusal says what it waits for', async () => {
    const [first = ''] = await commits({});
    writeFileSync(marker, 'slow');
    await apply(first);
    const status = await (engine as Engine).status();
    expect(status.state).toBe('applied, waiting');
    expect(status.waiting).toEqual([{ image: 'img', why: 'image img', nodes: ['n01', 'n02'] }]);
    expect(existsSync(join(dir, 'tftp/pxelinux.cfg/n01'))).toBe(false);
    expect(boot('n03')).toContain('NFSROOT=10.0.0.1:/install/netboot/rh5/x86_64/a ');
    expect(engine?.answerFor('10.0.0.11')).toMatchObject({
      kind: 'refusal',
      status: 403,
      reason: 'n01 waits for image img',
    });
    writeFileSync(marker, '');
    await until('built', isApplied);
    expect(boot('n01')).toMatch(/NFSROOT=10\.0\.0\.1:\/install\/netboot\/test1\/x86_64\/a\/[0-9a-f]{16} /);
    expect(engine?.answerFor('10.0.0.11')).toMatchObject({ kind: 'answer', commit: first });
  });

  test('keeps boot file, exports and answer of the old commit while others flip, then flips as a unit', async () => {
    const [first = '', second = ''] = await commits(
      {},
      {
        ...oneMoreFile,
        'tables/noderes.csv': lines('#node,netboot,nfsserver,xcatmaster', '"all","pxe","10.0.0.7","10.0.0.1"'),
        'tables/hosts.csv': lines('#node,ip', '"n01","10.0.0.21"', '"n02","10.0.0.12"', '"n03","10.0.0.13"'),
      },
    );
    await apply(first);
    await until('first image', isApplied);
    const old = boot('n01');
    const oldAnswer = engine?.answer('n01').text;
    writeFileSync(marker, 'slow');
    await apply(second);
    expect(boot('n01')).toBe(old);
    expect(existsSync(join(dir, 'tftp/pxelinux.cfg/0A00000B'))).toBe(true);
    expect(existsSync(join(dir, 'tftp/pxelinux.cfg/0A000015'))).toBe(false);
    expect(engine?.answer('n01').text).toBe(oldAnswer);
    // Still known by the address that its old boot file stands under.
    expect(engine?.answerFor('10.0.0.11')).toMatchObject({ kind: 'answer', commit: first });
    expect(boot('n03')).toContain('NFSROOT=10.0.0.7:');
    writeFileSync(marker, '');
    await until('second image', isApplied);
    expect(boot('n01')).toContain('NFSROOT=10.0.0.7:');
    expect(existsSync(join(dir, 'tftp/pxelinux.cfg/0A00000B'))).toBe(false);
    expect(engine?.answerFor('10.0.0.21')).toMatchObject({ kind: 'answer', commit: second });
    expect(engine?.answer('n01').text).toContain('file\tlink\t/etc/issue');
  });

  test('a failed build leaves the old set in service, says so, and is built again when asked', async () => {
    const [first = '', second = ''] = await commits({}, oneMoreFile);
    await apply(first);
    await until('first image', isApplied);
    const old = boot('n01');
    writeFileSync(marker, 'fail');
    await apply(second);
    await until('failure', async () =>
      (await (engine as Engine).status()).builds.some(({ state }) => state === 'failed'),
    );
    const status = await (engine as Engine).status();
    expect(status.builds.find(({ state }) => state === 'failed')?.detail).toMatch(/generation img fails/);
    expect(status.state).toBe('applied, waiting');
    expect(boot('n01')).toBe(old);
    writeFileSync(marker, '');
    await engine?.reconcile('again', { retryBuilds: true });
    await until('built', isApplied);
    expect(boot('n01')).not.toBe(old);
  });

  test('keeps its set across a restart in the middle of the build, and the old commit survives git gc', async () => {
    const [first = '', second = ''] = await commits({}, oneMoreFile);
    await apply(first);
    await until('first image', isApplied);
    const old = boot('n01');
    const oldAnswer = engine?.answer('n01').text;
    writeFileSync(marker, 'slow');
    // The second commit is an orphan, so that nothing but litehouse holds the first one.
    const tree = execFileSync('git', ['-C', repository, 'rev-parse', `${second}^{tree}`])
      .toString()
      .trim();
    const identity = {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@b',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@b',
    };
    const orphan = execFileSync('git', ['-C', repository, 'commit-tree', '-m', 'orphan', tree], {
      env: { ...process.env, ...identity },
    });
    await apply(orphan.toString().trim());
    await engine?.close();
    engine = undefined;
    execFileSync('git', ['-C', repository, 'reflog', 'expire', '--expire=now', '--all']);
    execFileSync('git', ['-C', repository, 'gc', '--quiet', '--prune=now']);
    const restarted = await start();
    await restarted.reconcile('start');
    expect(boot('n01')).toBe(old);
    expect(restarted.answer('n01').text).toBe(oldAnswer);
    expect(await restarted.verify()).toEqual([]);
    writeFileSync(marker, '');
    await until('built', isApplied);
    expect(boot('n01')).not.toBe(old);
  });

  test('a revert while the build runs brings everything back without waiting for it', async () => {
    const [first = '', second = '', third = ''] = await commits({}, oneMoreFile, {});
    await apply(first);
    await until('first image', isApplied);
    const old = boot('n01');
    writeFileSync(marker, 'slow');
    await apply(second);
    await apply(third);
    expect(await isApplied()).toBe(true);
    expect(boot('n01')).toBe(old);
    expect(engine?.answerFor('10.0.0.11')).toMatchObject({ commit: third });
  });

  test('another node that is to get its address waits behind it, so that both sets stay whole', async () => {
    const swapped = lines('#node,ip', '"n01","10.0.0.13"', '"n02","10.0.0.12"', '"n03","10.0.0.11"');
    const [first = '', second = ''] = await commits({}, { ...oneMoreFile, 'tables/hosts.csv': swapped });
    await apply(first);
    await until('first image', isApplied);
    const old = [boot('n01'), boot('n03')];
    writeFileSync(marker, 'slow');
    await apply(second);
    const status = await (engine as Engine).status();
    expect(status.waiting).toContainEqual({ image: undefined, why: 'node n01', nodes: ['n03'] });
    expect([boot('n01'), boot('n03')]).toEqual(old);
    expect(engine?.answerFor('10.0.0.13')).toMatchObject({ kind: 'answer', commit: first });
    writeFileSync(marker, '');
    await until('built', isApplied);
    expect(read(join(dir, 'tftp/pxelinux.cfg/0A00000B'))).toBe(boot('n03'));
    expect(read(join(dir, 'tftp/pxelinux.cfg/0A00000D'))).toBe(boot('n01'));
  });

  test('a generation that a node still boots with is answered after the flip; an unknown one is refused', async () => {
    const [first = '', second = ''] = await commits({}, oneMoreFile);
    await apply(first);
    await until('first image', isApplied);
    const before = engine?.answer('n01');
    const generation = before?.kind === 'answer' ? before.generation : '';
    await apply(second);
    await until('second image', isApplied);
    const late = engine?.answerFor('10.0.0.11', generation);
    expect(late).toMatchObject({ kind: 'answer', generation, commit: second });
    expect(late?.text).not.toContain('/etc/issue');
    expect(engine?.answerFor('10.0.0.11')?.text).toContain('/etc/issue');
    expect(engine?.answerFor('10.0.0.11', 'deadbeef')).toMatchObject({ kind: 'refusal', status: 409 });
  });
});
