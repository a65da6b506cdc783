/** Reads a list file with everything that it includes into lines with their places; knows nothing of what the lines mean. */
import { posix } from 'node:path';
import { includeCycle, includeMissing, nearDirective } from '../../diagnostic/catalogue/image.ts';
import type { Position } from '../../diagnostic/diagnostic.ts';
import type { ImageFindings } from '../findings.ts';
import type { RecipeFile } from '../recipe.ts';

export interface ListLine {
  /** Without blanks at its ends; never empty; no comment but `#NEW_INSTALL_LIST#`. */
  readonly text: string;
  /** Of its first character. */
  readonly at: Position;
}

/** How lists are read: both answer undefined where the repository has nothing for a path. */
export interface ListSource {
  file(path: string): { readonly path: string; readonly blob: string; readonly text: string } | undefined;
  /** What an absolute path means in the repository. */
  custom(path: string): string | undefined;
}

/** Starts the next pass over the package manager (facts 8). */
export const newPass = '#NEW_INSTALL_LIST#';

const include = /^#INCLUDE:(.*)#$/;
/** As a cookbook list never needs: beyond these a list is a mistake. */
const deepest = 16;
const mostIncludes = 500;

/** Lines of the list at `path`, included ones in place; `files` has the list itself first. Never throws. */
export function expandList(
  path: string,
  source: ListSource,
  findings: ImageFindings,
): { readonly files: readonly RecipeFile[]; readonly lines: readonly ListLine[] } {
  const files = new Map<string, RecipeFile>();
  const lines: ListLine[] = [];
  const open: string[] = [];
  let includes = 0;
  const read = (from: string): boolean => {
    const file = source.file(from);
    if (file === undefined) return false;
    files.set(file.path, { path: file.path, blob: file.blob });
    open.push(file.path);
    for (const line of linesOf(file.path, file.text)) {
      const wanted = include.exec(line.text)?.[1]?.trim();
      if (wanted !== undefined) follow(file.path, wanted, line.at);
      else if (line.text === newPass || !line.text.startsWith('#')) lines.push(line);
      else noteNear(line, findings);
    }
    open.pop();
    return true;
  };
  const follow = (from: string, wanted: string, at: Position): void => {
    const to = wanted.startsWith('/') ? source.custom(wanted) : belowCustom(posix.join(posix.dirname(from), wanted));
    if (to === undefined || wanted === '') {
      const place = `${posix.dirname(from)}/${posix.basename(wanted) || 'NAME'}`;
      const mend = `put the list at ${place} and write #INCLUDE:${posix.basename(place)}#`;
      findings.block(includeMissing(at, { path: wanted, why: 'it lies outside custom/ of the repository', mend }));
      return;
    }
    includes++;
    const real = source.file(to)?.path;
    if (real !== undefined && open.includes(real)) {
      findings.block(includeCycle(at, { path: to, why: `it is being read already: ${[...open, real].join(' > ')}` }));
    } else if (open.length >= deepest || includes > mostIncludes) {
      // Said once, not at each of what may be very many.
      if (includes <= mostIncludes + 1 || open.length >= deepest) {
        const why =
          open.length >= deepest ? `it is ${deepest} includes deep` : `there are more than ${mostIncludes} includes`;
        findings.block(includeCycle(at, { path: to, why }));
      }
    } else if (!read(to)) {
      findings.block(
        includeMissing(at, { path: to, why: 'there is no such file', mend: `write ${to}, or remove the line` }),
      );
    }
  };
  read(path);
  return { files: [...files.values()], lines };
}

function belowCustom(path: string): string | undefined {
  return path.startsWith('custom/') ? path : undefined;
}

function* linesOf(file: string, text: string): Generator<ListLine> {
  let line = 0;
  for (const raw of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    line++;
    const trimmed = raw.trim();
    if (trimmed !== '') yield { text: trimmed, at: { file, line, column: raw.length - raw.trimStart().length + 1 } };
  }
}

function noteNear({ text, at }: ListLine, findings: ImageFindings): void {
  if (/^#INCLUDE:/i.test(text)) {
    const wanted = `#INCLUDE:${text.slice('#INCLUDE:'.length).split('#')[0]?.trim() ?? ''}#`;
    findings.note(nearDirective(at, { text, wanted }));
  } else if (/^#NEW_INSTALL_LIST/i.test(text)) findings.note(nearDirective(at, { text, wanted: newPass }));
}
