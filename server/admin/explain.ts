/** `GET /explain`: where a file or a value comes from, in the commit that is in effect. */
import type { Engine } from '../../core/engine/types.ts';
import { noderangeContext } from '../../core/noderange/context.ts';
import { expandNoderange } from '../../core/noderange/expand.ts';
import type { Repository } from '../../core/repo/repository.ts';
import type { Snapshot } from '../../core/repo/snapshot.ts';
import type { Node, View } from '../../core/resolve/view.ts';
import { Failure } from '../command/failure.ts';
import { type Explanation, explanationOfImage, explanationOfNodes } from '../reading/explanation.ts';

export interface ExplainParts {
  readonly engine: Pick<Engine, 'view'>;
  readonly repository: Repository | undefined;
  readonly snapshot: (name: string) => Promise<Snapshot | undefined>;
}

/** The explanation, or the status and the words that refuse it. */
export type Explained =
  | { readonly kind: 'explained'; readonly explanation: Explanation }
  | { readonly kind: 'refused'; readonly status: 400 | 404 | 503; readonly error: string; readonly mend: string };

/** Answers one question. `what`: a node, a noderange or an image; `about` as `explanationOfNodes` has it. */
export async function explainInEffect(
  parts: ExplainParts,
  what: string | undefined,
  about: string | undefined,
): Promise<Explained> {
  const { view } = parts.engine;
  const snapshot = view?.commit === undefined ? undefined : await parts.snapshot(view.commit);
  if (view === undefined || snapshot === undefined)
    return { kind: 'refused', status: 503, error: 'no commit is in effect', mend: 'GET /status says what to do' };
  if (what === undefined)
    return { kind: 'refused', status: 400, error: 'nothing to explain', mend: 'add ?node=NODE&what=/etc/motd' };
  const sources = { view, snapshot, repository: parts.repository };
  try {
    const image = view.nodes.has(what) ? undefined : view.images.get(what);
    if (image !== undefined && about === undefined)
      return { kind: 'explained', explanation: explanationOfImage(sources, image) };
    const [node, ...others] = nodesOf(view, what);
    if (node === undefined)
      return { kind: 'refused', status: 404, error: `no node ${what}`, mend: 'GET /nodes lists the nodes' };
    return { kind: 'explained', explanation: await explanationOfNodes(sources, [node, ...others], about) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const status = error.status === 1 ? 404 : 400;
    return { kind: 'refused', status, error: error.what, mend: error.mend };
  }
}

/** Names of a range that are not there are an error here: nobody reads a warning beside JSON. */
function nodesOf(view: View, what: string): readonly Node[] {
  const one = view.nodes.get(what);
  if (one !== undefined) return [one];
  // A file of ranges is one of this machine: who asks over the network does not read it.
  const { nodes, missed, errors } = expandNoderange(what, noderangeContext(view, { readRangeFile: () => undefined }));
  const [fault] = errors;
  if (fault !== undefined)
    throw new Failure({
      what: `noderange '${what}', character ${fault.offset + 1}: ${fault.message}`,
      mend: fault.mend,
    });
  if (missed.length > 0) {
    throw new Failure({
      what: `neither a node nor a group: ${missed.slice(0, 20).join(', ')}`,
      mend: 'GET /nodes lists the nodes',
      status: 1,
    });
  }
  return nodes.flatMap((name) => view.nodes.get(name) ?? []);
}
