import { expect, test } from 'vitest';
import type { ImageArtifact, ImageStanding } from '../../../core/engine/types.ts';
import { imageDetail, imagesTable } from './listing.ts';

function generation(digest: string, nodes: Pick<ImageArtifact, 'booted' | 'asked'>): ImageArtifact {
  return {
    ...{
      id: `p/generation-img@${digest}`,
      kind: 'generation',
      digest,
      root: 'install',
      path: digest,
      directory: `/${digest}`,
    },
    ...{ made: undefined, lost: false, inputs: [], kept: ['pinned by n01'], note: undefined, called: digest },
    ...nodes,
  };
}

test('a node that asked for a generation and reported no boot of it runs the one before', () => {
  const artifacts = [
    generation('g1', { booted: ['n01'], asked: [] }),
    generation('g2', { booted: [], asked: ['n01'] }),
  ];
  const image: ImageStanding = {
    ...{ image: 'img', kind: 'built', plugin: 'p', asked: false, nodes: 1, inEffect: 'g2', planned: undefined },
    artifacts,
  };
  const shown = imageDetail(image, undefined, undefined).join('\n');
  expect(shown).toMatch(/ g1 [\s\S]* running: n01\n[\s\S]* g2 [\s\S]* asked for it, no report yet: n01$/);
  expect(shown.match(/running:/g)).toHaveLength(1);
  expect(imagesTable([image], new Map())[1]).toMatch(/ 1 +1$/);
});
