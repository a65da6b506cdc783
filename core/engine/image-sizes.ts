/** How much of the disk images take: an artifact that shares files with one before it counts what it adds. */
import { commandRunner } from '../apply/run-command.ts';
import type { ImageStanding } from './types.ts';

const order = { base: 0, boot: 1, generation: 2, other: 3 } as const;

/** Measured once: finished trees keep their size (live files are a few). */
export class ImageSizes {
  readonly #known = new Map<string, number>();

  /** The same images with the bytes of what is on the disk. */
  async with(images: readonly ImageStanding[]): Promise<ImageStanding[]> {
    const measured: ImageStanding[] = [];
    for (const image of images) {
      const there = image.artifacts.filter(({ lost }) => !lost);
      if (there.some(({ id }) => !this.#known.has(id))) await this.#measure(there);
      const artifacts = image.artifacts.map((it) => ({ ...it, bytes: this.#known.get(it.id) }));
      measured.push({ ...image, artifacts });
    }
    return measured;
  }

  /** One `du` for all: it counts a file of several names with the first directory that has it. */
  async #measure(artifacts: ImageStanding['artifacts']): Promise<void> {
    const sorted = [...artifacts].sort(
      (a, b) => order[a.kind] - order[b.kind] || ((a.made ?? '') < (b.made ?? '') ? -1 : 1),
    );
    const directories = sorted.map(({ directory }) => directory);
    // One that is removed meanwhile makes du complain; the others are counted.
    const { stdout } = await commandRunner()('du', ['-s', '-B1', '--', ...directories]).catch(() => ({ stdout: '' }));
    const bytes = new Map(
      stdout.split('\n').map((line) => {
        const [, number = '', directory = ''] = /^(\d+)\t(.*)$/.exec(line) ?? [];
        return [directory, Number(number)] as const;
      }),
    );
    for (const { id, directory } of sorted) {
      const found = bytes.get(directory);
      if (found !== undefined) this.#known.set(id, found);
    }
  }
}
