/** Promises of reading objects from a real repository. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { git } from './git.ts';
import { objectId } from './object-format.ts';
import { cachedObjects, catFile, firstOf, type ObjectSource } from './objects.ts';
import { type ScratchRepository, scratchRepository } from './scratch-repository.ts';

let scratch: ScratchRepository;
beforeEach(async () => {
  scratch = await scratchRepository();
});
afterEach(() => scratch.remove());

async function blob(data: Buffer | string): Promise<string> {
  const { stdout } = await git(['hash-object', '-w', '--stdin'], { cwd: scratch.dir, input: data });
  return stdout.toString().trim();
}

describe('catFile', () => {
  test('gives objects in the order asked, undefined for missing ones, the same one twice', async () => {
    const source = catFile(scratch.gitDir);
    const [a, b] = [await blob('a'), await blob('')];
    const read = await source.read([b, 'e'.repeat(40), a, b]);
    expect(read.map((object) => object && `${object.type} ${object.data}`)).toEqual([
      'blob ',
      undefined,
      'blob a',
      'blob ',
    ]);
    await source.close();
  });

  test('big and odd blobs come whole: line feeds, NULs, twenty megabytes', async () => {
    const source = catFile(scratch.gitDir);
    const datas = [randomBytes(20e6), Buffer.from('\n\n\0\n'), Buffer.from(`${'f'.repeat(40)} missing\n`)];
    const oids = await Promise.all(datas.map(blob));
    const read = await Promise.all(oids.map((oid) => source.read([oid])));
    read.forEach(([object], index) => {
      expect(objectId('blob', object?.data ?? Buffer.from('?'))).toBe(oids[index]);
    });
    await source.close();
  });

  test('answers many questions at once, each with its own objects', async () => {
    const source = catFile(scratch.gitDir);
    const oids = await Promise.all(Array.from({ length: 50 }, (_, index) => blob(`${index}`)));
    const read = await Promise.all(oids.map((oid) => source.read(new Array(300).fill(oid))));
    read.forEach((objects, index) => {
      expect(new Set(objects.map((object) => object?.data.toString()))).toEqual(new Set([`${index}`]));
    });
    await source.close();
  });

  test('is started again when its process is killed, also in the middle of an answer', async () => {
    const source = catFile(scratch.gitDir);
    const oid = await blob(randomBytes(5e6));
    await source.read([oid]);
    const first = source.pid ?? 0;
    const reading = source.read(new Array(20).fill(oid));
    process.kill(first, 'SIGKILL');
    expect((await reading).every((object) => object !== undefined && objectId('blob', object.data) === oid)).toBe(true);
    expect(source.pid).not.toBe(first);
    await source.close();
  });

  test('goes on reading across gc, repack and pack-refs, old objects and new ones', async () => {
    const source = catFile(scratch.gitDir);
    const old = await scratch.commit({ a: 'a' });
    await source.read([old]);
    const made: string[] = [old];
    for (let round = 0; round < 3; round++) {
      made.push(await scratch.commit({ a: `round ${round}` }));
      await git(['gc', '-q', '--prune=now'], { cwd: scratch.dir });
      await git(['repack', '-adq'], { cwd: scratch.dir });
      await git(['pack-refs', '--all', '--prune'], { cwd: scratch.dir });
      expect((await source.read(made)).map((object) => object?.type)).toEqual(made.map(() => 'commit'));
    }
    await source.close();
  });

  test('refuses what is no object id, and reading after close', async () => {
    const source = catFile(scratch.gitDir);
    await expect(source.read(['HEAD\nHEAD'])).rejects.toThrow('not an object id');
    await source.close();
    await expect(source.read(['e'.repeat(40)])).rejects.toThrow('closed');
  });

  test('a repository that is not there is an error that says so, not a wait', async () => {
    const source = catFile('/nowhere/config.git');
    await expect(source.read(['e'.repeat(40)])).rejects.toThrow(/git --git-dir failed|cat-file/);
    await source.close();
  });
});

describe('cachedObjects', () => {
  function counted(): ObjectSource & { readonly asked: string[] } {
    const asked: string[] = [];
    return {
      asked,
      async read(oids) {
        asked.push(...oids);
        return oids.map((oid) =>
          oid.startsWith('e')
            ? undefined
            : { type: oid.startsWith('b') ? 'blob' : 'tree', data: Buffer.alloc(Number(oid.slice(1))) },
        );
      },
    };
  }

  test('asks for trees and small blobs once, for big blobs and missing objects each time', async () => {
    const source = counted();
    const cached = cachedObjects(source);
    for (let round = 0; round < 2; round++) {
      const read = await cached.read(['t10', 'b10', 'b100000', 'e1', 't10']);
      expect(read.map((object) => object?.data.length)).toEqual([10, 10, 100000, undefined, 10]);
    }
    expect(source.asked).toEqual(['t10', 'b10', 'b100000', 'e1', 'b100000', 'e1']);
  });

  test('holds no more than its limit, and drops what was used longest ago', async () => {
    const source = counted();
    const cached = cachedObjects(source, 100);
    for (const oid of ['t21', 't22', 't23', 't24', 't21', 't20']) await cached.read([oid]);
    source.asked.length = 0;
    await cached.read(['t21', 't22']);
    expect(source.asked).toEqual(['t22']);
  });

  test('firstOf asks the second only for what the first lacks, and keeps the order', async () => {
    const second = counted();
    const first: ObjectSource = {
      read: async (oids) => oids.map((oid) => (oid === 'x' ? { type: 'tag', data: Buffer.alloc(0) } : undefined)),
    };
    const read = await firstOf(first, second).read(['t1', 'x', 'e1', 'b2']);
    expect(read.map((object) => object?.type)).toEqual(['tree', 'tag', undefined, 'blob']);
    expect(second.asked).toEqual(['t1', 'e1', 'b2']);
  });
});
