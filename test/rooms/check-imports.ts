/** Holds the direction of imports: server → plugins → core, no plugin imports another, core opens no socket. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const importOf = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;
/** Modules that open sockets: the core knows the domain and has none. */
const sockets = new Set([
  'node:net',
  'node:http',
  'node:https',
  'node:http2',
  'node:dgram',
  'node:tls',
  'hono',
  '@hono/node-server',
]);

/** The room of a path relative to the repository: `core`, `server`, `plugins/<name>`, or undefined. */
function room(path: string): string | undefined {
  const [first, second, third] = path.split('/');
  if (first === 'core' || first === 'server') return first;
  if (first === 'plugins') return third === undefined ? 'plugins' : `plugins/${second}`;
  return undefined;
}

/** What is wrong with one import, or undefined. `specifier` is as written in `file` (both relative to the root). */
export function importFault(file: string, specifier: string): string | undefined {
  const from = room(file);
  if (from === undefined) return undefined;
  const test = file.endsWith('.test.ts') || from === 'plugins/testing';
  if (!specifier.startsWith('.')) {
    return from === 'core' && !test && sockets.has(specifier)
      ? `core opens no socket, but imports ${specifier}`
      : undefined;
  }
  const to = room(join(dirname(file), specifier));
  if (to === undefined) {
    return test ? undefined : `only tests import from outside core, plugins and server: ${specifier}`;
  }
  if (to === from || to === 'core') return undefined;
  if (from === 'core') return `core imports ${to}: ${specifier}`;
  if (from === 'server') return undefined;
  if (to === 'server') return `a plugin imports the server: ${specifier}`;
  // The list of plugins names them all; a test may use the builder of views.
  if (from === 'plugins' || (test && to === 'plugins/testing')) return undefined;
  return `a plugin imports another: ${specifier}`;
}

export function checkImports(root: string): string[] {
  const faults: string[] = [];
  for (const folder of ['core', 'plugins', 'server']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const file = relative(root, join(entry.parentPath, entry.name));
      for (const match of readFileSync(join(root, file), 'utf8').matchAll(importOf)) {
        const fault = importFault(file, match[1] ?? '');
        if (fault !== undefined) faults.push(`${file}: ${fault}`);
      }
    }
  }
  return faults;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
  const faults = checkImports(root);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exit(1);
  console.log('imports run server -> plugins -> core');
}
