/** The integer arithmetic of pattern rows: `($1-1)/6`, read once and evaluated for each node. */

/** A parsed expression. `group` is `$n`. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number; readonly text: string }
  | { readonly kind: 'group'; readonly group: number }
  | { readonly kind: 'negate'; readonly of: Expression }
  | { readonly kind: 'operate'; readonly operator: string; readonly left: Expression; readonly right: Expression };

/** Functions that later releases of the original had here. */
const laterFunctions = new Set(['a2idx', 'a2zidx', 'dim2idx', 'skip', 'ipadd']);

export class ExpressionError extends Error {
  readonly mend: string;
  /** A function of the original that is not offered here. */
  readonly unsupported: boolean;
  constructor(message: string, mend: string, unsupported = false) {
    super(message);
    this.mend = mend;
    this.unsupported = unsupported;
  }
}

/** Refuses a function of the original by its name. */
export function refuseFunction(name: string): ExpressionError | undefined {
  if (!laterFunctions.has(name)) return undefined;
  return new ExpressionError(
    `the function ${name} of later xCAT releases is not offered here`,
    'compute it with + - * / %, or write the values as node rows',
    true,
  );
}

/**
 * Reads an expression of integers, `$n`, `+ - * / %`, unary minus and parentheses.
 *
 * @throws ExpressionError
 */
export function parseExpression(text: string): Expression {
  const tokens = text.match(/\d+|\$\d+|\$\{\d+\}|[A-Za-z_]\w*|\S/g) ?? [];
  let index = 0;
  const what = `"(${text})"`;

  function sum(): Expression {
    let left = product();
    while (tokens[index] === '+' || tokens[index] === '-') {
      const operator = tokens[index++] ?? '';
      left = { kind: 'operate', operator, left, right: product() };
    }
    return left;
  }
  function product(): Expression {
    let left = unary();
    while (tokens[index] === '*' || tokens[index] === '/' || tokens[index] === '%') {
      const operator = tokens[index++] ?? '';
      left = { kind: 'operate', operator, left, right: unary() };
    }
    return left;
  }
  function unary(): Expression {
    const token = tokens[index++];
    if (token === '-') return { kind: 'negate', of: unary() };
    if (token === '+') return unary();
    if (token === '(') {
      const inner = sum();
      if (tokens[index++] !== ')') throw new ExpressionError(`${what} lacks a ")"`, 'close every parenthesis');
      return inner;
    }
    if (token !== undefined && /^\d/.test(token)) {
      const value = Number(token);
      if (!Number.isSafeInteger(value)) throw new ExpressionError(`${token} is too large`, 'use at most 15 digits');
      return { kind: 'number', value, text: token };
    }
    if (token !== undefined && /^\$./.test(token)) return { kind: 'group', group: Number(token.replace(/\D/g, '')) };
    throw (
      refuseFunction(token ?? '') ??
      new ExpressionError(
        token === undefined ? `${what} ends too early` : `${what} can't be computed: "${token}" is no number`,
        'parentheses hold integer arithmetic: numbers, $1, + - * / %',
      )
    );
  }

  const expression = sum();
  if (index < tokens.length) {
    throw new ExpressionError(
      `${what} can't be computed: "${tokens[index]}" is not expected there`,
      'parentheses hold integer arithmetic: numbers, $1, + - * / %',
    );
  }
  return expression;
}

/** All `$n` of an expression. */
export function groupsOf(expression: Expression): number[] {
  if (expression.kind === 'group') return [expression.group];
  if (expression.kind === 'negate') return groupsOf(expression.of);
  if (expression.kind === 'operate') return [...groupsOf(expression.left), ...groupsOf(expression.right)];
  return [];
}

/**
 * The value of an expression. Numbers are decimal whatever zeros they start with, so that `05/2` is 2; division and
 * remainder cut towards zero.
 *
 * @param groups text of `$1`, `$2`, … at 1, 2, …
 * @throws ExpressionError where a group is no number, on a division by zero, and beyond 2^53
 */
export function evaluate(expression: Expression, groups: readonly (string | undefined)[]): number {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'group': {
      const text = groups[expression.group] ?? '';
      if (!/^\d{1,15}$/.test(text)) {
        throw new ExpressionError(`$${expression.group} is "${text}", not a number`, 'capture digits only: (\\d+)');
      }
      return Number(text);
    }
    case 'negate':
      return -evaluate(expression.of, groups);
    default:
      return operate(expression.operator, evaluate(expression.left, groups), evaluate(expression.right, groups));
  }
}

function operate(operator: string, left: number, right: number): number {
  if ((operator === '/' || operator === '%') && right === 0) {
    throw new ExpressionError(`${left}${operator}0 is a division by zero`, 'make sure that the divisor is never 0');
  }
  const result = compute(operator, left, right);
  if (!Number.isSafeInteger(result)) {
    throw new ExpressionError(`${left}${operator}${right} is too large`, 'stay below 9,007,199,254,740,992');
  }
  // -0 would be written "0" anyway, but must not survive into a comparison.
  return result === 0 ? 0 : result;
}

function compute(operator: string, left: number, right: number): number {
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  if (operator === '*') return left * right;
  if (operator === '/') return Math.trunc(left / right);
  return left % right;
}
