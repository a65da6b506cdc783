/** Reads the noderange of a command line, and says on stderr what it names that is not there. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { noderangeContext } from '../../core/noderange/context.ts';
import { expandNoderange } from '../../core/noderange/expand.ts';
import { foldNodes } from '../../core/noderange/fold.ts';
import { renderDiagnostic } from '../../core/plan/render.ts';
import type { View } from '../../core/resolve/view.ts';
import type { CommandContext } from './context.ts';
import { Failure } from './failure.ts';

export interface NamedNodes {
  /** Sorted by name. */
  readonly nodes: readonly string[];
  /** Names that are neither a node nor a group. */
  readonly missed: readonly string[];
}

/**
 * The nodes that a noderange names. Missed names and nodes that site.excludenodes takes away are told on stderr; missed
 * names make the exit status 1. Throws a Failure where the range can't be read.
 */
export function readNodes(context: CommandContext, view: View, noderange: string): NamedNodes {
  const text = noderange.trim();
  // A range file is named by the person at the command line, who may read it anyway.
  const range = noderangeContext(view, { readRangeFile: (path) => readText(resolve(context.cwd, path)) });
  const excluded = range.excluded ?? new Set<string>();
  const { nodes: all, missed, errors } = expandNoderange(text, { ...range, excluded: new Set() });
  const [fault] = errors;
  if (fault !== undefined) {
    throw new Failure({
      what: `noderange '${text}', character ${fault.offset + 1}: ${fault.message}`,
      mend: fault.mend,
    });
  }
  const { terminal } = context;
  for (const problem of range.problems) {
    context.status = 1;
    for (const line of renderDiagnostic(problem, terminal.width)) terminal.err(line);
  }
  if (missed.length > 0) {
    context.status = 1;
    terminal.err(`neither a node nor a group: ${foldNodes(missed, Math.max(40, terminal.width - 30))}`);
  }
  const left = all.filter((name) => excluded.has(name));
  if (left.length > 0)
    terminal.err(`left out by site.excludenodes: ${foldNodes(left, Math.max(40, terminal.width - 35))}`);
  return { nodes: left.length === 0 ? all : all.filter((name) => !excluded.has(name)), missed };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
