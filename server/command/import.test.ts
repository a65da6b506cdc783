import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { litehouse } from '../../test/server/command-line.ts';
import { temporaryDirs } from '../../test/server/temporary.ts';

const temporary = temporaryDirs();
const template = fileURLToPath(new URL('../../repo-template/', import.meta.url));
const hash = '$6$abcdefgh$0123456789012345678901234567890123456789';

/** A place with a dump in `dump/`: the template's tables, and passwords in the clear. */
function place(): string {
  const dir = temporary();
  cpSync(join(template, 'tables'), join(dir, 'dump'), { recursive: true });
  dump(
    dir,
    'passwd',
    `#key,username,password,cryptmethod,comments,disable\n"system","root","cluster","",,\n"system","bob","${hash}",,,\n`,
  );
  dump(dir, 'ipmi', '#node,bmc,username,password,comments,disable\r\n"all","|n(.*)|b$1|","ADMIN","hunter2",,\r\n');
  return dir;
}

function dump(dir: string, name: string, text: string): void {
  writeFileSync(join(dir, 'dump', `${name}.csv`), text);
}

const run = (dir: string, ...args: string[]) => litehouse(dir, 'import', 'dump', '--repo', 'work', ...args);

/** All texts below a folder. */
function everything(dir: string): string {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

describe('import', () => {
  test('copies every table byte for byte, but for clear values, which only the file of secrets has', async () => {
    const dir = place();
    const { status, out, err } = await run(dir);
    expect([status, err]).toEqual([0, '']);
    for (const name of readdirSync(join(dir, 'dump'))) {
      const before = readFileSync(join(dir, 'dump', name), 'utf8');
      const expected = before
        .replace('cluster"', name === 'passwd.csv' ? 'secret:passwd/system/root/password"' : 'cluster"')
        .replace('hunter2', 'secret:ipmi/all/ADMIN/password');
      expect(readFileSync(join(dir, 'work/tables', name), 'utf8'), name).toBe(expected);
    }
    const secrets = join(dir, 'var/state/secrets.json');
    expect(JSON.parse(readFileSync(secrets, 'utf8'))).toEqual({
      secrets: { 'ipmi/all/ADMIN/password': 'hunter2', 'passwd/system/root/password': 'cluster' },
    });
    expect(statSync(secrets).mode & 0o777).toBe(0o600);
    expect(out).not.toContain('hunter2');
    expect(everything(join(dir, 'work'))).not.toContain('hunter2');
    expect(readdirSync(join(dir, 'work'))).toEqual(['tables']);
  });

  test('reports rows, what moved, the check, and what to do next', async () => {
    const { out } = await run(place());
    expect(out).toMatch(/^ {2}passwd +2 rows, new, 1 clear value moved out$/m);
    expect(out).toMatch(/^ {2}ipmi +1 row, new, 1 clear value moved out, kept only$/m);
    expect(out).toMatch(/^2 clear values moved to .*\/var\/state\/secrets\.json/m);
    expect(out).toMatch(/^check: no errors, \d+ warnings$/m);
    expect(out).toMatch(/^next:\n {2}cd .*\/work\n {2}git init -b main\n {2}git add -A\n {2}git commit/m);
  });

  test('what it made can be pushed: check finds the same', async () => {
    const dir = place();
    const { out } = await run(dir);
    const checked = await litehouse(dir, 'check', '--repo', 'work');
    expect(checked.status).toBe(0);
    const verdict = /check: (.*)/.exec(out)?.[1] ?? 'none';
    expect(checked.out).toContain(verdict);
  });

  test('a messy dump is imported, its errors shown first, and the status says that a push would be refused', async () => {
    const dir = place();
    dump(dir, 'litefile', '#image,file,options,comments,disable\n"ALL","/etc/x","persistant",,\n"ALL","etc/y",,,\n');
    const { status, out } = await run(dir);
    expect(status).toBe(1);
    expect(out).toMatch(/^tables\/litefile\.csv:2:17: error LH\d+/m);
    expect(out).toContain('a push of this is refused until the errors are mended');
    expect(existsSync(join(dir, 'work/tables/litefile.csv'))).toBe(true);
  });

  test('again changes nothing; other content is overwritten only with --replace, and only what differs', async () => {
    const dir = place();
    await run(dir);
    const site = join(dir, 'work/tables/site.csv');
    const before = statSync(site, { bigint: true });
    expect((await run(dir)).status).toBe(0);
    expect(statSync(site, { bigint: true }).mtimeNs).toBe(before.mtimeNs);

    writeFileSync(join(dir, 'work/tables/mac.csv'), '#node,mac\n');
    const refused = await run(dir);
    expect(refused).toMatchObject({ status: 1, out: '', err: expect.stringContaining('tables/mac.csv') });
    expect(readFileSync(join(dir, 'work/tables/mac.csv'), 'utf8')).toBe('#node,mac\n');
    expect((await run(dir, '--replace')).out).toMatch(/^ {2}mac +13 rows, replaced$/m);
    expect(statSync(site, { bigint: true }).ino).toBe(before.ino);
  });

  test('a secret that is kept already with another value is overwritten only with --replace', async () => {
    const dir = place();
    await run(dir);
    dump(dir, 'ipmi', '#node,bmc,username,password\n"all","b","ADMIN","hunter3"\n');
    rmSync(join(dir, 'work'), { recursive: true });
    expect(await run(dir)).toMatchObject({ status: 1, err: expect.stringContaining('ipmi/all/ADMIN/password') });
    expect(existsSync(join(dir, 'work'))).toBe(false);
    await run(dir, '--replace');
    expect(everything(join(dir, 'var/state'))).toMatch(/hunter3[\s\S]*cluster/);
    expect(everything(join(dir, 'var/state'))).not.toContain('hunter2');
  });

  test('where something cannot be imported, nothing is written, and nothing is quoted', async () => {
    const dir = place();
    dump(
      dir,
      'passwd',
      '#key,username,password,cryptmethod,comments,disable\n"system","root","hunter2,,,\n"system","x","y",,,\n',
    );
    const { status, out, err } = await run(dir);
    expect([status, out]).toEqual([1, '']);
    expect(err).toContain('passwd.csv:2');
    expect(err).not.toContain('hunter2');
    expect(existsSync(join(dir, 'work')) || existsSync(join(dir, 'var'))).toBe(false);
  });

  test('a link in a dump is refused, wherever it leads, and nothing of it is quoted or written', async () => {
    for (const to of ['../private', 'site.csv', 'nowhere']) {
      const dir = place();
      writeFileSync(join(dir, 'private'), '#key,value\n"root","hunter9"\n');
      symlinkSync(to, join(dir, 'dump/blades.csv'));
      const { status, out, err } = await run(dir);
      expect([status, out]).toEqual([1, '']);
      expect(err).toMatch(/blades\.csv in .*\/dump is a symbolic link\n {2}why: .*\n {2}mend: .*remove the link/);
      expect(err).not.toContain('hunter9');
      expect(existsSync(join(dir, 'work'))).toBe(false);
    }
  });

  test('--dry-run says the same and writes nothing', async () => {
    const dir = place();
    const { status, out } = await run(dir, '--dry-run');
    expect(status).toBe(0);
    expect(out).toMatch(/^would import[\s\S]*^2 clear values would move[\s\S]*^nothing was written/m);
    expect(existsSync(join(dir, 'work')) || existsSync(join(dir, 'var'))).toBe(false);
  });

  test('--json names the secrets and has no value of them', async () => {
    const { out } = await run(place(), '--json');
    const report = JSON.parse(out) as { moved: string[]; tables: { name: string; rows: number }[] };
    expect(report.moved).toEqual(['ipmi/all/ADMIN/password', 'passwd/system/root/password']);
    expect(report.tables.find(({ name }) => name === 'mac')?.rows).toBe(13);
    expect(out).not.toContain('hunter2');
  });

  test('into a clone of the template: its own tables stay where the dump has none', async () => {
    const dir = place();
    cpSync(template, join(dir, 'work'), { recursive: true });
    spawnSync('git', ['init', '-q', '-b', 'main', join(dir, 'work')]);
    rmSync(join(dir, 'dump/statelite.csv'));
    const { status, out } = await run(dir, '--replace');
    expect(status).toBe(0);
    expect(out).toMatch(/^not in the dump, left as they are: statelite$/m);
    expect(out).not.toContain('git init');
    expect(existsSync(join(dir, 'work/tables/statelite.csv'))).toBe(true);
  });

  test('tables that were copied into the repository already are cleaned in place', async () => {
    const dir = place();
    cpSync(join(dir, 'dump'), join(dir, 'work/tables'), { recursive: true });
    const { status } = await litehouse(dir, 'import', 'work/tables', '--repo', 'work', '--replace');
    expect(status).toBe(0);
    expect(everything(join(dir, 'work'))).not.toContain('hunter2');
  });

  test('mistakes are refused before anything is written, and say how to mend them', async () => {
    const dir = place();
    mkdirSync(join(dir, 'work/old'), { recursive: true });
    cpSync(join(dir, 'dump'), join(dir, 'work/old'), { recursive: true });
    mkdirSync(join(dir, 'empty'));
    mkdirSync(join(dir, 'linked'));
    symlinkSync('../work', join(dir, 'linked/tables'));
    symlinkSync('work', join(dir, 'alias'));
    spawnSync('git', ['init', '-q', '--bare', join(dir, 'bare.git')]);
    for (const args of [
      ['nowhere', '--repo', 'work'],
      ['empty', '--repo', 'work'],
      ['dump'],
      ['dump', '--repo', 'bare.git'],
      ['dump', '--repo', 'linked'],
      ['work/old', '--repo', 'work'],
      ['dump', '--repo', 'work', '--secrets', 'work/secrets.json'],
      ['dump', '--repo', 'work', '--secrets', 'alias/x/secrets.json'],
      ['dump', '--repo', 'work', '--dir', 'work/var'],
    ]) {
      const { status, out, err } = await litehouse(dir, 'import', ...args);
      expect([args.join(' '), status, out]).toEqual([args.join(' '), 2, '']);
      expect(err, args.join(' ')).toMatch(/^litehouse: .*\n( {2}why: .*\n)? {2}mend: .*\n$/);
      expect(existsSync(join(dir, 'work/tables')), args.join(' ')).toBe(false);
    }
  });
});
