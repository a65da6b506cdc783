/** Reads a boot file as its loader would: which kernel and initrd it names, and the words of the kernel line. */
import type { Loader } from './asked-names.ts';

export interface BootFile {
  /** True: the node starts from its own disk. */
  readonly local: boolean;
  readonly kernel: string | undefined;
  readonly initrd: string | undefined;
  /** `NFSROOT`, `XCAT`, …: the last one of a name counts, as on the node. */
  readonly words: ReadonlyMap<string, string>;
}

export function readBootFile(loader: Loader, text: string): BootFile {
  const line = (pattern: RegExp): string | undefined => pattern.exec(text)?.[1]?.trim();
  const append =
    loader === 'pxelinux' ? line(/^[ \t]*APPEND[ \t]+(.*)$/im) : line(/^[ \t]*append[ \t]*=[ \t]*"([^"]*)"/im);
  const words = new Map<string, string>();
  for (const word of (append ?? '').split(/[ \t]+/)) {
    const [name = '', ...value] = word.split('=');
    if (name !== '') words.set(name, value.join('='));
  }
  if (loader === 'pxelinux') {
    return {
      local: /^[ \t]*LOCALBOOT\b/im.test(text),
      kernel: line(/^[ \t]*KERNEL[ \t]+(\S+)/im),
      initrd: words.get('initrd'),
      words,
    };
  }
  return {
    local: /^[ \t]*bye[ \t]*$/im.test(text),
    kernel: line(/^[ \t]*image[ \t]*=[ \t]*(\S+)/im),
    initrd: line(/^[ \t]*initrd[ \t]*=[ \t]*(\S+)/im),
    words,
  };
}

/** Where two texts part: the first line that differs, in both. */
export function firstDifference(found: string, wanted: string): string {
  const [have, want] = [found.split('\n'), wanted.split('\n')];
  const at = have.findIndex((line, i) => line !== want[i]);
  const i = at === -1 ? have.length : at;
  const start = shownFrom(have[i], want[i]);
  const short = (line: string | undefined): string => {
    if (line === undefined) return 'nothing';
    const shown = JSON.stringify(line.slice(start, start + shownLetters));
    return `${start > 0 ? '…' : ''}${shown}${line.length > start + shownLetters ? '…' : ''}`;
  };
  return `line ${i + 1} is ${short(have[i])}, planned ${short(want[i])}`;
}

/** Letters of a line that are shown; of a long word, those before the place where it differs. */
const [shownLetters, before] = [90, 16];

/** Kernel lines are long and alike: what is shown begins with the word that differs. */
function shownFrom(found = '', wanted = ''): number {
  let at = 0;
  while (at < found.length && found[at] === wanted[at]) at++;
  if (Math.max(found.length, wanted.length) <= shownLetters) return 0;
  const word = found.lastIndexOf(' ', Math.max(0, at - 1)) + 1;
  // A word may be longer than what is shown of it.
  return Math.max(0, at - word > shownLetters / 2 ? at - before : word);
}
