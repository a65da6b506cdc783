/** Variables in litetree.directory and statelite.statemnt: `$node`, `$table.column`, `$site.key`, and the same in braces.

 Names are letters, digits and `_`; whatever else follows ends a variable, so that `pre-$nodepos.room-suf` is `pre-nyc-suf`
 (the original looked for a column `room-suf`). Variables side by side are joined with a dot, as in the original:
 `$nodepos.rack$nodepos.u` is `7.3`; where one of the two is in braces they are not: `${nodepos.rack}${nodepos.u}` is `73`.
 `$$` is a dollar sign. `//` in the path becomes `/`. Blanks and `#` are text like any other; `0` is a value. */
import { commandRefused, templateError, variableSecret, variableUnknown } from '../diagnostic/catalogue/nodes.ts';
import type { Diagnostic, Position } from '../diagnostic/diagnostic.ts';
import { type KnownColumns, refuseUnknown } from '../noderange/attribute.ts';
import { holdsSecrets } from '../tables/schemas.ts';

/** A variable. `$node` has the table `node` and an empty column; `$site.key` the table `site`. */
export interface Reference {
  readonly table: string;
  readonly column: string;
}

interface Variable extends Reference {
  /** Stands before the `:` that ends the server's name. */
  readonly inServer: boolean;
}

export interface Template {
  readonly parts: readonly (string | Variable)[];
  /** The variables, in the order written; empty: the text is the same for every node. */
  readonly references: readonly Reference[];
}

export interface TemplateError {
  readonly reason: 'command' | 'table' | 'column' | 'secret' | 'syntax' | 'path';
  /** Index in the text. */
  readonly offset: number;
  readonly message: string;
  readonly mend: string;
}

export interface ValueError {
  readonly reference: Reference | undefined;
  readonly message: string;
  readonly mend: string;
}

export type { KnownColumns };

const writing = 'write $node, $table.column or $site.key; a dollar sign itself is $$';

/** Reads a directory once for all nodes. `known`: tables and columns that a variable may name. */
export function compileTemplate(
  text: string,
  known: KnownColumns,
): { readonly template: Template } | { readonly errors: readonly TemplateError[] } {
  const errors: TemplateError[] = [];
  const parts: (string | Variable)[] = [];
  const command = text.indexOf('#CMD=');
  if (command >= 0) {
    errors.push({
      reason: 'command',
      offset: command,
      message: '#CMD= would run a command on the server as root at each request, and a push never runs code there',
      mend: 'put the value into a table and name it as $table.column or $site.key',
    });
    return { errors };
  }
  const serverEnd = text.startsWith('/') ? -1 : text.search(/:[/$]/);
  let literal = '';
  // Where an unbraced variable ended: the next one that starts just there is joined with a dot.
  let bareEnd = -1;
  for (let i = 0; i < text.length; ) {
    if (text[i] !== '$') {
      literal += text[i++];
      continue;
    }
    if (text[i + 1] === '$') {
      literal += '$';
      i += 2;
      continue;
    }
    const token = readVariable(text, i, known);
    if ('reason' in token) {
      errors.push(token);
      i++;
      continue;
    }
    if (bareEnd === i && !token.braced) literal += '.';
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push({ table: token.table, column: token.column, inServer: i < serverEnd });
    i = token.end;
    bareEnd = token.braced ? -1 : i;
  }
  if (literal !== '') parts.push(literal);
  if (errors.length === 0 && !parts.some((part) => typeof part !== 'string')) {
    const climbing = climbs(parts.join(''));
    if (climbing) errors.push({ reason: 'path', offset: Math.max(0, text.indexOf('..')), ...climbing });
  }
  if (errors.length > 0) return { errors };
  return { template: { parts, references: parts.filter((part) => typeof part !== 'string') } };
}

/** The diagnostic of one fault of a template. `at`: where the fault itself stands (the cell's place plus its offset). */
export function templateDiagnostic(error: TemplateError, text: string, at: Position | undefined): Diagnostic {
  const fault = { text, why: error.message, mend: error.mend };
  if (error.reason === 'command') return commandRefused(at, fault);
  if (error.reason === 'secret') return variableSecret(at, fault);
  if (error.reason === 'table' || error.reason === 'column') return variableUnknown(at, fault);
  return templateError(at, fault);
}

type VariableToken = Reference & { readonly end: number; readonly braced: boolean };

function readVariable(text: string, offset: number, known: KnownColumns): VariableToken | TemplateError {
  const braced = text[offset + 1] === '{';
  const form = braced ? /\$\{(\w+)(?:\.([^{}$/]+))?\}/y : /\$(\w+)(?:\.(\w+))?/y;
  form.lastIndex = offset;
  const found = form.exec(text);
  if (found === null) {
    const shown = text.slice(offset, offset + 20);
    return { reason: 'syntax', offset, message: `"${shown}" is no variable`, mend: writing };
  }
  const [whole, table = '', column] = found;
  const end = offset + whole.length;
  if (table === 'node' && column === undefined) return { table, column: '', end, braced };
  if (table === 'node') {
    const message = `there is no table "node": ${whole} would be its column "${column}"`;
    return { reason: 'table', offset, message, mend: `for the node's name and ".${column}" write \${node}.${column}` };
  }
  if (column === undefined) {
    const columns = known.known(table);
    const message = `"${whole}" names no column`;
    const mend = columns === undefined && table !== 'site' ? writing : `write $${table}.column`;
    return { reason: 'syntax', offset, message, mend };
  }
  if (table === 'site') return { table, column, end, braced };
  const unknown = refuseUnknown(table, column, known);
  if (unknown !== undefined) return { reason: unknown.what, offset, message: unknown.message, mend: unknown.mend };
  if (holdsSecrets(table, column)) {
    const message = `${whole} is a secret, and a mount is seen by everybody`;
    return { reason: 'secret', offset, message, mend: 'name a column that holds no secret' };
  }
  return { table, column, end, braced };
}

/**
 * Fills a template in for one node.
 *
 * @param lookup a variable's value for the node; undefined or empty: it has none
 * @returns the text; or the variables without a value, each once; or why a value can't stand in a mount
 */
export function expandTemplate(
  template: Template,
  lookup: (reference: Reference) => string | undefined,
): { readonly text: string } | { readonly missing: readonly Reference[] } | { readonly error: ValueError } {
  const missing: Reference[] = [];
  let text = '';
  for (const part of template.parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = lookup(part);
    if (value === undefined || value === '') {
      if (!missing.some((other) => other.table === part.table && other.column === part.column)) missing.push(part);
      continue;
    }
    const fault = refuseValue(part, value);
    if (fault !== undefined) return { error: fault };
    text += value;
  }
  if (missing.length > 0) return { missing };
  const climbing = climbs(text);
  if (climbing) return { error: { reference: undefined, ...climbing } };
  return { text: text.replace(/\/{2,}/g, '/') };
}

function refuseValue(variable: Variable, value: string): ValueError | undefined {
  const shown = referenceText(variable);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
  if (/[\x00-\x1f\x7f]/.test(value)) {
    const message = `${shown} has a control character in its value`;
    return { reference: variable, message, mend: 'remove tabs and line breaks from the value' };
  }
  if (variable.inServer && !/^[A-Za-z0-9._:[\]-]+$/.test(value)) {
    const message = `${shown} is "${value}", which is no server's name or address`;
    return { reference: variable, message, mend: 'a server is letters, digits, ".", "-", "_" and ":" only' };
  }
  return undefined;
}

/** A path part `..` would leave the tree that the row names. */
function climbs(text: string): { readonly message: string; readonly mend: string } | undefined {
  if (!/(^|[/:])\.\.(\/|$)/.test(text)) return undefined;
  return { message: `the path "${text}" has a part ".."`, mend: 'name the directory itself, without ".."' };
}

/** A variable as it is written. */
export function referenceText(reference: Reference): string {
  return reference.table === 'node' ? '$node' : `$${reference.table}.${reference.column}`;
}
