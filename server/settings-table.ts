/** The README's table of settings, made from the schema's own descriptions. `node --import tsx server/settings-table.ts` prints it. */
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { settingsFile } from './settings.ts';

interface Shape {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Shape>>;
}

/** Lines of the table; keys inside another as `pushes.maxBytes`. */
export function settingsTable(): string[] {
  const schema = z.toJSONSchema(settingsFile, { io: 'input', unrepresentable: 'any' }) as Shape;
  return ['| setting | default | what it says |', '|---|---|---|', ...rowsOf(schema, '')];
}

function rowsOf({ properties = {} }: Shape, before: string): string[] {
  return Object.entries(properties).flatMap(([key, shape]) => {
    if (shape.properties !== undefined) return rowsOf(shape, `${before}${key}.`);
    const standard = shape.default === undefined ? '' : `\`${JSON.stringify(shape.default)}\``;
    const words = shape.enum === undefined ? '' : ` One of ${shape.enum.map((word) => `\`"${word}"\``).join(', ')}.`;
    return [`| \`${before}${key}\` | ${standard} | ${shape.description ?? ''}${words} |`];
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  console.log(settingsTable().join('\n'));
