/** A build that failed because of packages, and the place in the commit that asked for them. */
import { saysFullDisk } from '../../apply/full-disk.ts';
import type { BaseRecipe } from '../recipe.ts';

/** What a family throws where it knows which packages are to blame; the base's build adds where they were named. */
export class PackageProblem extends Error {
  constructor(
    message: string,
    readonly packages: readonly string[],
    /** The one of them that linuximage.kernelver asks for. */
    readonly kernel?: string,
  ) {
    super(message);
  }
}

/** The same error, where a package to blame is the kernel's: `words` are what was asked for because of it (`kernel-default=5.14`). */
export function blamingKernel(error: unknown, words: readonly string[]): unknown {
  if (!(error instanceof PackageProblem)) return error;
  const kernel = error.packages.find((name) => words.some((word) => word.replace(/=.*$/, '') === name));
  return kernel === undefined ? error : new PackageProblem(error.message, error.packages, kernel);
}

type KernelCell = Pick<BaseRecipe, 'kernelVersion' | 'kernelVersionFrom'>;

/** The message with `custom/…/compute.pkglist:12` for each package that a list names; others came as dependencies. */
export async function withPlaces(
  problem: PackageProblem,
  recipe: Pick<BaseRecipe, 'lists' | 'lock'> & KernelCell,
  readFile: (path: string) => Promise<Buffer>,
): Promise<Error> {
  if (saysFullDisk.test(problem.message)) return problem;
  const files = [...recipe.lists.flatMap((list) => list.files), ...(recipe.lock === undefined ? [] : [recipe.lock])];
  const texts = new Map<string, string[]>();
  for (const { path } of files) texts.set(path, (await readFile(path)).toString('utf8').split('\n'));
  const places = problem.packages.map((name) => {
    if (name === problem.kernel) return `${kernelCell(recipe)} asks for ${name}`;
    for (const [path, lines] of texts) {
      const index = lines.findIndex((line) => namesIn(line).includes(name));
      if (index !== -1) return `${path}:${index + 1} names ${name}`;
    }
    const asked = [...texts.keys()].filter((path) => path !== recipe.lock?.path);
    return `${name} is in no list: something in ${asked.join(', ')} needs it`;
  });
  return new Error([problem.message, ...places].join('\n'), { cause: problem });
}

/** The cell that names an image's kernel, with its place. */
export function kernelCell({ kernelVersion, kernelVersionFrom }: KernelCell): string {
  return `linuximage.kernelver '${kernelVersion}'${kernelVersionFrom === undefined ? '' : ` (${kernelVersionFrom})`}`;
}

/** Package names of a line, without removal signs, folders and versions. */
function namesIn(line: string): string[] {
  const content = line.replace(/(^|\s)#.*$/, '');
  return content.split(/[\s,]+/).map((word) => word.replace(/^--?/, '').replace(/^.*\//, '').replace(/=.*$/, ''));
}
