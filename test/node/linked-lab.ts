/** A lab whose image is linked for some rows, with the answer to match: what most tests of the boot program start from. */
import { answerFor, link, type Row, type Tree } from './node-image.ts';
import { NodeLab } from './node-lab.ts';

export async function linkedLab(
  image: Tree,
  rows: readonly Row[],
  mounts: Parameters<typeof answerFor>[1] = {},
): Promise<NodeLab> {
  const lab = await new NodeLab(image).start();
  try {
    await link(lab.root, rows);
  } catch (error) {
    await lab.stop();
    throw error;
  }
  lab.answer = answerFor(rows, mounts);
  return lab;
}
