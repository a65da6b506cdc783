/** Follows the builds of one image until all of them are there or one has failed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageStanding } from '../../../core/engine/types.ts';
import type { ImageServer } from './ask.ts';
import { standingOf } from './ask.ts';

/** Between two looks (milliseconds). */
const pause = 500;
/** Looks at which nothing is built, before a server that could not apply is believed to be stuck. */
const patience = 6;
/** Progress is told in steps of this size. */
const step = 0.1;

export interface BuildFailed {
  readonly id: string;
  /** Command, its last lines, and the list that asked for it, as the build said it. */
  readonly detail: string;
  /** File with the whole log, on the server. */
  readonly log: string | undefined;
}

export interface Followed {
  readonly image: ImageStanding;
  /** Undefined: all is there. */
  readonly failed: BuildFailed | undefined;
  /** Why it goes no further though nothing failed of this image. */
  readonly stuck: string | undefined;
}

/** Tells with `print` how the builds get on. Another commit that comes meanwhile is followed from then on. */
export async function followBuilds(
  server: Pick<ImageServer, 'images' | 'status' | 'leaves'>,
  name: string,
  print: (line: string) => void,
): Promise<Followed> {
  const told = new Map<string, string>();
  let idle = 0;
  let begun = false;
  for (;;) {
    const { builds, state, problem } = await server.status();
    const image = standingOf(await server.images(), name);
    const wanted = image.planned?.artifacts ?? [];
    if (image.planned === undefined) return { image, failed: undefined, stuck: `image '${name}' is not built here` };
    for (const { id, name: artifact, state, progress = 0, detail } of wanted) {
      const now = state === 'building' ? `building ${Math.floor(progress / step)}` : state;
      if (told.get(id) === now) continue;
      const before = told.get(id);
      told.set(id, now);
      const line = lastLine(detail);
      if (state === 'building' && !begun && !server.leaves) print('following the build; leave with ^C, it goes on');
      begun ||= state === 'building';
      if (state === 'building') print(`building ${artifact}: ${Math.round(progress * 100)} %  ${line}`.trimEnd());
      else if (state === 'present' && before !== undefined) print(`built ${artifact}`);
    }
    const broken = wanted.find((it) => it.state === 'failed');
    if (broken !== undefined) {
      const { id, detail, log } = broken;
      return { image, failed: { id, detail, log }, stuck: undefined };
    }
    if (wanted.every((it) => it.state === 'present')) return { image, failed: undefined, stuck: undefined };
    const other = builds.find((build) => build.state === 'building' && !wanted.some(({ id }) => id === build.id));
    const behind = other === undefined ? '' : `waits for ${other.id}`;
    if (behind !== '' && told.get('') !== behind) print(behind);
    told.set('', behind);
    idle = builds.some((build) => build.state === 'building') ? 0 : idle + 1;
    if (idle >= patience && (state === 'failed' || state === 'refused'))
      return { image, failed: undefined, stuck: problem ?? state };
    if (wanted.some((it) => it.state === 'not wanted')) {
      return { image, failed: undefined, stuck: 'nobody asks for it any more (litehouse images forget)' };
    }
    await sleep(pause);
  }
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)?.slice(0, 100) ?? '';

/** A failed build for people, last what to do about it. */
export function failedLines({ id, detail, log }: BuildFailed): string[] {
  return [
    `build failed: ${id}`,
    ...detail.split('\n').map((line) => `  ${line}`),
    ...(log === undefined ? [] : [`  whole log, on the server: ${log}`]),
    '  mend: push what mends it, or try the same again; nodes keep what they have meanwhile',
  ];
}
