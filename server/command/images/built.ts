/** What a build came to, for people and programs: digests, packages, size, place, and the first of its links. */
import { join } from 'node:path';
import { linkLines } from '../../../core/image/liteimg/links.ts';
import type { LinksReport } from '../../reading/images.ts';
import { count } from '../context.ts';
import { type ImageServer, standingOf } from './ask.ts';
import { baseOf, bootOf, bytesText } from './notes.ts';

/** Links that are shown at the end of a build. */
const shownLinks = 5;

export interface BuildResult {
  readonly image: string;
  readonly base: string;
  readonly boot: string;
  readonly generation: string;
  readonly kernel: string | undefined;
  readonly packages: number | undefined;
  readonly bytes: number | undefined;
  readonly directory: string | undefined;
  readonly nodes: number;
  readonly links: LinksReport['links'];
}

/** Of an image whose planned artifacts are all there. */
export async function buildResult(server: ImageServer, name: string): Promise<BuildResult> {
  const image = standingOf(await server.images({ sizes: true }), name);
  const digests = image.planned ?? { base: '', boot: '', generation: '' };
  const of = (digest: string) => image.artifacts.find((it) => it.digest === digest);
  const [base, boot, generation] = [of(digests.base), of(digests.boot), of(digests.generation)];
  const sizes = [base, boot, generation].map((it) => it?.bytes);
  const links = generation === undefined ? undefined : await server.links(name, digests.generation);
  return {
    image: name,
    ...{ base: digests.base, boot: digests.boot, generation: digests.generation },
    kernel: bootOf(boot)?.kernelVersion ?? baseOf(base)?.kernelVersion,
    packages: baseOf(base)?.packages.length,
    bytes: sizes.every((it) => it === undefined) ? undefined : sizes.reduce<number>((sum, it) => sum + (it ?? 0), 0),
    directory: generation === undefined ? undefined : join(generation.directory, 'rootimg'),
    nodes: image.nodes,
    links: links?.links ?? [],
  };
}

export function resultLines(result: BuildResult): string[] {
  const { image, links, nodes } = result;
  const row = (heading: string, text: string | undefined): string[] =>
    text === undefined ? [] : [`${heading.padEnd(11)}${text}`];
  const shown = links.slice(0, shownLinks);
  return [
    ...row('image', image),
    ...row('base', result.base),
    ...row('boot', `${result.boot}${result.kernel === undefined ? '' : `  kernel ${result.kernel}`}`),
    ...row('generation', result.generation),
    ...row('packages', result.packages === undefined ? undefined : String(result.packages)),
    ...row('size', result.bytes === undefined ? undefined : bytesText(result.bytes)),
    ...row('where', result.directory),
    ...row(
      'links',
      links.length === 0 ? 'none: no litefile row is for this image' : count(links.length, 'entry', 'entries'),
    ),
    ...linkLines(shown).map((line) => `  ${line}`),
    ...(links.length > shown.length ? [`  … all of them: litehouse liteimg ${image}`] : []),
    ...(nodes === 0 ? [`no node has it: litehouse nodeset NODERANGE statelite=${image}`] : []),
  ];
}
