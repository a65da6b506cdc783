/** A build that failed because of packages, and the place in the commit that asked for them. */
import type { BaseRecipe } from '../recipe.ts';

/** What a family throws where it knows which packages are to blame; the base's build adds where they were named. */
export class PackageProblem extends Error {
  constructor(
    message: string,
    readonly packages: readonly string[],
  ) {
    super(message);
  }
}

/** Then no package is to blame, whichever was being written. */
const diskFull = /ENOSPC|No space left on device|enough free space|needs \d+\S* (?:more )?space|Disk quota exceeded/i;

/** The message with `custom/…/compute.pkglist:12` for each package that a list names; others came as dependencies. */
export async function withPlaces(
  problem: PackageProblem,
  recipe: Pick<BaseRecipe, 'lists' | 'lock'>,
  readFile: (path: string) => Promise<Buffer>,
): Promise<Error> {
  if (diskFull.test(problem.message))
    return new Error(
      `${problem.message}\nthe disk that images are built on is full: make room on it, then: litehouse apply --retry-builds`,
      {
        cause: problem,
      },
    );
  const files = [...recipe.lists.flatMap((list) => list.files), ...(recipe.lock === undefined ? [] : [recipe.lock])];
  const texts = new Map<string, string[]>();
  for (const { path } of files) texts.set(path, (await readFile(path)).toString('utf8').split('\n'));
  const places = problem.packages.map((name) => {
    for (const [path, lines] of texts) {
      const index = lines.findIndex((line) => namesIn(line).includes(name));
      if (index !== -1) return `${path}:${index + 1} names ${name}`;
    }
    const asked = [...texts.keys()].filter((path) => path !== recipe.lock?.path);
    return `${name} is in no list: something in ${asked.join(', ')} needs it`;
  });
  return new Error([problem.message, ...places].join('\n'), { cause: problem });
}

/** Package names of a line, without removal signs, folders and versions. */
function namesIn(line: string): string[] {
  const content = line.replace(/(^|\s)#.*$/, '');
  return content.split(/[\s,]+/).map((word) => word.replace(/^--?/, '').replace(/^.*\//, '').replace(/=.*$/, ''));
}
