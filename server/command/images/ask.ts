/** Whom the image commands ask: the server of this machine, one elsewhere, or an engine opened for one command. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { Engine, ImageRepositories, ImageStanding, PruneOutcome, Status } from '../../../core/engine/types.ts';
import {
  buildOutcome,
  forgetOutcome,
  imageLinksReport,
  imageList,
  imageLogReport,
  imageRepositories,
  pruneOutcome,
} from '../../admin/images.ts';
import { status } from '../../admin/schemas.ts';
import { imageLinks, imageLog, type LinksReport, type LogReport } from '../../reading/images.ts';
import { askEngine } from '../../running/engine.ts';
import { askRemote, meantRemote, type Remote, type RemoteOptions } from '../../running/remote.ts';
import { type CommandContext, serverDir, withDir, withJson, withServer } from '../context.ts';
import { Failure } from '../failure.ts';

export interface ImageOptions extends RemoteOptions {
  readonly dir?: string;
  readonly json?: boolean;
}

/** The options of commands that ask about images. */
export function withImageOptions(command: Command): Command {
  return withJson(withServer(withDir(command), 'ask the server at that URL'));
}

/** What a command may ask, wherever the answer comes from. Builds go on in a server when the command has left. */
export interface ImageServer {
  /** Builds end with the command: no server runs. */
  readonly leaves: boolean;
  images(options?: { readonly sizes?: boolean }): Promise<readonly ImageStanding[]>;
  /** Builds are all that is looked at; boots are not known without reports. */
  status(): Promise<Pick<Status, 'builds' | 'state' | 'problem'>>;
  build(image: string): Promise<{ readonly ok: boolean; readonly lines: readonly string[] }>;
  /** `by`: who asks, where that is somebody of this machine. */
  stop(image: string, by: string): Promise<{ readonly ok: boolean; readonly lines: readonly string[] }>;
  forget(image: string): Promise<boolean>;
  prune(options: { readonly dryRun: boolean; readonly all: boolean }): Promise<PruneOutcome>;
  repositories(image: string, options: { readonly packages: boolean }): Promise<ImageRepositories>;
  links(image: string, generation?: string): Promise<LinksReport>;
  log(image: string, lines: number): Promise<LogReport>;
}

/** Commands that have something built. */
const builds: ReadonlySet<string> = new Set(['genimage', 'liteimg']);

/** Gives `work` a server to ask, or an engine of its own under the directory's lock. */
export async function withImages<T>(
  context: CommandContext,
  options: ImageOptions,
  doing: string,
  work: (server: ImageServer) => Promise<T>,
): Promise<T> {
  const remote = await meantRemote(context, options);
  if (remote !== undefined) return work(overHttp(remote, false));
  return askEngine<T>(serverDir(context, options), doing, {
    server: (note) => work(overHttp({ url: note.admin, token: note.key }, true)),
    engine: async (engine) => {
      // What a server does first as it starts: what is built is what the branch says.
      if (builds.has(doing)) await engine.reconcile('start');
      return work(ofEngine(engine));
    },
  });
}

/** `isHere`: asked with the server's own key, which says nothing of who holds it. */
function overHttp(remote: Remote, isHere: boolean): ImageServer {
  const ask = async <Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    more: { readonly body?: unknown; readonly refusedAs?: number; readonly token?: string } = {},
  ): Promise<z.infer<Schema>> => {
    const { body, refusedAs, token = 'a token' } = more;
    const parse = (json: unknown): z.infer<Schema> | undefined => schema.safeParse(json).data;
    return askRemote(remote, path, body, { parse, token, ...(refusedAs === undefined ? {} : { refusedAs }) });
  };
  const of = (image: string): string => `/images/${encodeURIComponent(image)}`;
  const admin = 'a token of scope admin';
  return {
    leaves: false,
    images: async ({ sizes = false } = {}) =>
      (await ask(`/images${sizes ? '?sizes=1' : ''}`, imageList)) as readonly ImageStanding[],
    status: async () => (await ask('/status', status)) as Status,
    build: (image) => ask(`${of(image)}/build`, buildOutcome, { body: {}, refusedAs: 422, token: admin }),
    stop: (image, by) =>
      ask(`${of(image)}/stop`, buildOutcome, { body: isHere ? { by } : {}, refusedAs: 422, token: admin }),
    forget: async (image) => (await ask(`${of(image)}/forget`, forgetOutcome, { body: {}, token: admin })).forgotten,
    prune: (body) => ask('/images/prune', pruneOutcome, { body, token: admin }),
    repositories: async (image, body) => {
      const token = 'a token that may push';
      const report = await ask(`${of(image)}/repositories`, imageRepositories, { body, refusedAs: 422, token });
      return { ...report, packages: report.packages };
    },
    links: async (image, generation) => {
      const query = generation === undefined ? '' : `?generation=${encodeURIComponent(generation)}`;
      return (await ask(`${of(image)}/links${query}`, imageLinksReport)) as LinksReport;
    },
    log: (image, lines) => ask(`${of(image)}/log?lines=${lines}`, imageLogReport),
  };
}

function ofEngine(engine: Engine): ImageServer {
  const found = <T extends object>(report: T | { readonly wrong: string }): T => {
    if ('wrong' in report) throw new Failure({ what: report.wrong, mend: 'litehouse images shows what there is' });
    return report;
  };
  return {
    leaves: true,
    images: (options) => engine.images(options),
    status: () => engine.status(),
    build: (image) => engine.buildImage(image),
    stop: (image, by) => engine.stopBuilds(image, by),
    forget: (image) => engine.forgetImage(image),
    prune: (options) => engine.pruneImages(options),
    repositories: (image, options) => engine.imageRepositories(image, options),
    links: async (image, generation) => found(await imageLinks(engine, image, generation)),
    log: async (image, lines) => found(await imageLog(engine, image, lines)),
  };
}

/** One image of what there is; throws a Failure with status 1 where it is not there. */
export function standingOf(images: readonly ImageStanding[], name: string): ImageStanding {
  const found = images.find(({ image }) => image === name);
  if (found !== undefined) return found;
  const names = images.map(({ image }) => image).filter((it) => it !== '');
  throw new Failure({
    what: `there is no image '${name}'`,
    mend: names.length === 0 ? 'litehouse genimage makes one' : `there are: ${names.join(', ')}`,
    status: 1,
  });
}
