/** Finds, checks and orders the plugins that the settings ask for. One that does not fit stops the server: it does not start without. */
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import {
  pluginAfter,
  pluginBroken,
  pluginContract,
  pluginNotFound,
  pluginOption,
  pluginReads,
  pluginTwice,
} from '../core/diagnostic/catalogue/server.ts';
import type { LoadedPlugin } from '../core/plugin/loaded.ts';
import { contractVersion, type Plugin } from '../core/plugin/plugin.ts';
import { nearest } from '../core/tables/nearest.ts';
import type { TableSchema } from '../core/tables/schema.ts';
import { Failure } from './command/failure.ts';
import type { Settings } from './settings.ts';

export interface LoadedPlugins {
  /** In load order: litehouse's own first, each after those that it names in `after`. */
  readonly plugins: readonly Plugin[];
  /** Options as the plugins' own schemas gave them back, by plugin name. */
  readonly options: Readonly<Record<string, unknown>>;
}

interface Candidate {
  readonly plugin: Plugin;
  readonly given: Readonly<Record<string, unknown>>;
}

/**
 * Loads the plugins of `settings` over litehouse's `own`. `schemas` are the tables that litehouse knows.
 * Throws a Failure (LH911 to LH917) where a plugin is missing, broken, of another contract, or has a wrong option.
 */
export async function loadPlugins(
  settings: Pick<Settings, 'dir' | 'plugins'>,
  own: readonly Plugin[],
  schemas: Iterable<TableSchema>,
): Promise<LoadedPlugins> {
  const ownNames = new Set(own.map((plugin) => plugin.name));
  const candidates: Candidate[] = [];
  for (const plugin of own) {
    const setting = settings.plugins[plugin.name] ?? true;
    if (setting !== false) candidates.push({ plugin, given: setting === true ? {} : setting });
  }
  for (const [name, setting] of Object.entries(settings.plugins)) {
    if (ownNames.has(name) || setting === false) continue;
    const plugin = await importPlugin(name, settings.dir, [...ownNames]);
    candidates.push({ plugin, given: setting === true ? {} : setting });
  }
  checkNames(candidates);
  const known = new Map([...schemas].map((schema) => [schema.name, schema]));
  for (const { plugin } of candidates) for (const schema of plugin.tables ?? []) known.set(schema.name, schema);
  const options: Record<string, unknown> = {};
  for (const { plugin, given } of candidates) {
    checkReads(plugin, known);
    options[plugin.name] = parseOptions(plugin, given);
  }
  return { plugins: inOrder(candidates.map(({ plugin }) => plugin)), options };
}

/** The plugins with their hooks, in load order. Throws a Failure where a plugin's `setup` does. */
export function setUpPlugins({ plugins, options }: LoadedPlugins): LoadedPlugin[] {
  return plugins.map((plugin) => {
    try {
      return { plugin, hooks: plugin.setup(options[plugin.name]) };
    } catch (error) {
      throw Failure.from(pluginBroken(undefined, { name: plugin.name, problem: (error as Error).message }));
    }
  });
}

async function importPlugin(name: string, dir: string, own: readonly string[]): Promise<Plugin> {
  const file = findPackage(name, dir);
  if (file === undefined) throw Failure.from(pluginNotFound(undefined, { name, nearest: nearest(name, own), own }));
  let loaded: unknown;
  try {
    loaded = ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (error) {
    throw Failure.from(pluginBroken(undefined, { name, problem: (error as Error).message }));
  }
  const problem = notAPlugin(loaded);
  if (problem !== undefined) throw Failure.from(pluginBroken(undefined, { name, problem }));
  return loaded as Plugin;
}

/** Packages installed in the server's directory come before those installed beside litehouse. */
function findPackage(name: string, dir: string): string | undefined {
  const isPath = name.startsWith('./') || name.startsWith('../') || isAbsolute(name);
  for (const from of isPath ? [join(dir, 'litehouse.json')] : [join(dir, 'litehouse.json'), import.meta.url]) {
    try {
      return createRequire(from).resolve(name);
    } catch {
      // Not there: the next place, if there is one.
    }
  }
  return undefined;
}

function notAPlugin(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'its default export is no plugin object';
  const plugin = value as Partial<Record<keyof Plugin, unknown>>;
  if (typeof plugin.name !== 'string' || plugin.name === '') return '`name` is missing';
  if (typeof plugin.contract !== 'number') return '`contract` is missing';
  // A plugin of another contract is refused for that, whatever else it has or lacks.
  if (plugin.contract !== contractVersion) return undefined;
  if (typeof plugin.version !== 'string') return '`version` is missing';
  if (typeof plugin.setup !== 'function') return '`setup` is no function';
  if (typeof plugin.reads !== 'object' || plugin.reads === null) return '`reads` is missing';
  if (typeof (plugin.options as { safeParse?: unknown } | undefined)?.safeParse !== 'function') {
    return '`options` is no zod schema';
  }
  return undefined;
}

function checkNames(candidates: readonly Candidate[]): void {
  const seen = new Set<string>();
  for (const { plugin } of candidates) {
    const { name, contract } = plugin;
    if (contract !== contractVersion)
      throw Failure.from(pluginContract(undefined, { name, contract, ours: contractVersion }));
    if (seen.has(name)) throw Failure.from(pluginTwice(undefined, { name }));
    seen.add(name);
  }
}

function checkReads(plugin: Plugin, known: ReadonlyMap<string, TableSchema>): void {
  for (const [table, columns] of Object.entries(plugin.reads)) {
    const schema = known.get(table);
    if (schema === undefined) {
      const near = nearest(table, [...known.keys()]);
      throw Failure.from(pluginReads(undefined, { name: plugin.name, table, column: undefined, nearest: near }));
    }
    for (const column of columns) {
      if (schema.columns.includes(column)) continue;
      const near = nearest(column, schema.columns);
      const full = near === undefined ? undefined : `${table}.${near}`;
      throw Failure.from(pluginReads(undefined, { name: plugin.name, table, column, nearest: full }));
    }
  }
}

/** zod objects pass unknown keys over unless they are strict; here they are refused whatever the plugin's author wrote. */
function parseOptions(plugin: Plugin, given: Readonly<Record<string, unknown>>): unknown {
  const name = plugin.name;
  const shape = (plugin.options as { readonly shape?: Readonly<Record<string, unknown>> }).shape;
  const known = shape === undefined ? undefined : Object.keys(shape);
  const unknown = known === undefined ? undefined : Object.keys(given).find((key) => !known.includes(key));
  if (known !== undefined && unknown !== undefined) {
    const near = nearest(unknown, known);
    const mend =
      near !== undefined
        ? `write ${JSON.stringify(near)}`
        : known.length === 0
          ? `${name} takes no options`
          : `options of ${name}: ${known.join(', ')}`;
    throw Failure.from(pluginOption(undefined, { name, option: unknown, problem: 'there is no such option', mend }));
  }
  const parsed = plugin.options.safeParse(given) as z.ZodSafeParseResult<unknown>;
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const option = issue?.path.join('.') ?? '';
  const mend = 'mend it under "plugins" in litehouse.json';
  throw Failure.from(pluginOption(undefined, { name, option, problem: issue?.message ?? 'does not fit', mend }));
}

/** Stable: a plugin moves back only as far as those that it must follow. */
function inOrder(plugins: readonly Plugin[]): Plugin[] {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  const done = new Set<Plugin>();
  const open = new Set<Plugin>();
  const place = (plugin: Plugin): void => {
    if (done.has(plugin)) return;
    open.add(plugin);
    for (const after of plugin.after ?? []) {
      const before = byName.get(after);
      if (before === undefined || open.has(before)) {
        throw Failure.from(pluginAfter(undefined, { name: plugin.name, after, loop: before !== undefined }));
      }
      place(before);
    }
    open.delete(plugin);
    done.add(plugin);
  };
  for (const plugin of plugins) place(plugin);
  return [...done];
}
