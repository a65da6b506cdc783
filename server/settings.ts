/** The server's own settings: one optional file in its directory, and flags over it. Never part of the pushed repository. */

import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { z } from 'zod';
import { defaultBuildMinutes } from '../core/apply/build-watch.ts';
import { settingsUnreadable, settingUnknown, settingWrong } from '../core/diagnostic/catalogue/server.ts';
import type { EngineSettings } from '../core/engine/types.ts';
import type { ImagesMode } from '../core/plan/make-plan.ts';
import { managementNode } from '../core/plugin/output.ts';
import { nearest } from '../core/tables/nearest.ts';
import { Failure } from './command/failure.ts';
import { type ListenAddress, parseListenAddress } from './listen-address.ts';
import { listenersOf, tftpListenOf } from './listen-settings.ts';
import { readProxies } from './node/source.ts';

const listenText = z.string().refine((text) => parseListenAddress(text) !== undefined, {
  error: 'is no address; write HOST:PORT, like 127.0.0.1:3080',
});

const rootName = z.string().regex(/^[a-z][a-z0-9-]*$/);

/**
 * Keys of `litehouse.json`. Directories are relative to the directory that the file is in. The descriptions are what the README's
 * table is made of.
 */
export const settingsFile = z.strictObject({
  nodeListen: listenText
    .default('127.0.0.1:3001')
    .describe(
      "Where nodes ask for their answer, in plain HTTP; site.xcatdport and the kernel line's XCAT= name the same port.",
    ),
  adminListen: listenText
    .default('127.0.0.1:3080')
    .describe('Where people and git come: clone, push, status, metrics.'),
  tftpListen: z
    .union([z.literal('off'), listenText])
    .default('127.0.0.1:6969')
    .describe(
      'Where boot loaders fetch root `tftp` by TFTP (`0.0.0.0:69` in a cluster: every IPv4 address; `[::]:69`: every address), or `off`.',
    ),
  trustedProxies: z
    .array(z.string())
    .refine((texts) => !('wrong' in readProxies(texts)), {
      error: 'has an entry that is no address and no network; write 10.0.0.5 or 10.0.0.0/24',
    })
    .default([])
    .describe(
      'Addresses and networks (CIDR) of proxies between nodes and nodeListen: only their X-Forwarded-For is believed.',
    ),
  roots: z
    .record(rootName, z.string().min(1))
    .default({})
    .describe(
      'Root name to the directory behind it: tftp, install, exports, syncdirs, state. Default: folders below DIR/world.',
    ),
  images: z
    .enum(['external', 'rows', 'built'])
    .optional()
    .describe(
      'Which images plugins build: those whose linuximage row says so (`rows`, the default as root), every one that a plugin can (`built`), or none (`external`, the default otherwise: trees, kernels and initrds are your own).',
    ),
  reloads: z
    .boolean()
    .default(false)
    .describe('Whether services are poked after their files changed, such as `exportfs -ra`.'),
  holdSeconds: z
    .int()
    .min(0)
    .default(3600)
    .describe('How long a replaced live file stays on the disk for nodes that have it open.'),
  keepGenerations: z
    .int()
    .min(1)
    .default(3)
    .describe(
      'How many earlier generations of an image stay on the disk, for a revert that builds nothing; those that nodes booted stay besides.',
    ),
  builds: z
    .int()
    .min(1)
    .max(8)
    .default(1)
    .describe(
      'How many parts of images (bases, initrds, generations) are built at once; packages of one kind of system are fetched by one build at a time.',
    ),
  buildMinutes: z
    .int()
    .min(1)
    // A week.
    .max(10_080)
    .default(defaultBuildMinutes)
    .describe('How long one of them may take; then it is ended and has failed, and the next one goes on.'),
  pollSeconds: z
    .number()
    .min(0.05)
    // A day; a timer of more than 2,147,483 seconds would go off at once, again and again.
    .max(86_400)
    .default(10)
    .describe('How often the branch is looked at, whatever the watcher of files says.'),
  plugins: z
    .record(z.string().min(1), z.union([z.boolean(), z.record(z.string(), z.unknown())]))
    .default({})
    .describe(
      "The plugins, litehouse's own by name, others by npm package or path: false, true, or the plugin's options.",
    ),
  pushes: z
    .strictObject({
      maxBytes: z
        .int()
        .min(1)
        .default(2 ** 30)
        .describe('The largest push, in bytes.'),
      socket: z
        .string()
        .min(1)
        .optional()
        .describe(
          "Where git's hooks ask the server; the system allows some 100 characters. Default: DIR/state/push.sock.",
        ),
    })
    .prefault({}),
  access: z
    .strictObject({
      anonymousOnLoopback: z
        .boolean()
        .default(true)
        .describe('Whether whoever is logged in on this machine may read, push and administer without a token.'),
    })
    .prefault({}),
});

/** Name of the settings file in the server's directory. */
export const settingsFileName = 'litehouse.json';

/** The branch that is the cluster. */
export const branch = 'main';

export interface Settings {
  /** Absolute. */
  readonly dir: string;
  readonly repository: string;
  readonly state: string;
  readonly nodeListen: ListenAddress;
  readonly adminListen: ListenAddress;
  /** Undefined: something else serves root `tftp`. */
  readonly tftpListen: ListenAddress | undefined;
  /** Addresses and networks; readable. */
  readonly trustedProxies: readonly string[];
  /** Root name to absolute directory. */
  readonly roots: ReadonlyMap<string, string>;
  readonly images: ImagesMode;
  readonly reloads: boolean;
  readonly holdSeconds: number;
  readonly keepGenerations: number;
  readonly builds: number;
  readonly buildMinutes: number;
  readonly pollSeconds: number;
  readonly plugins: Readonly<Record<string, boolean | Readonly<Record<string, unknown>>>>;
  readonly pushes: { readonly maxBytes: number; readonly socket?: string };
  readonly access: { readonly anonymousOnLoopback: boolean };
}

/** What the command line says over the file. */
export interface SettingFlags {
  readonly node?: string;
  readonly admin?: string;
  readonly tftp?: string;
}

/** Directory of each root below the server's own, where the settings name no other. */
const defaultRoots: readonly (readonly [name: string, folder: string])[] = [
  ['tftp', 'tftpboot'],
  ['install', 'install'],
  ['exports', 'exports.d'],
  ['syncdirs', 'syncdirs'],
  ['state', 'state'],
  ['dnsmasq', 'dnsmasq'],
];

/** Roots are written in rising rank, so that what a boot file points to is there before the boot file (DESIGN 10, law 3). */
const ranks: Readonly<Record<string, number>> = { install: 1, syncdirs: 1, state: 1, exports: 2, tftp: 3, dnsmasq: 3 };

/** Reads the settings of the server in `dir`. Throws a Failure for a file that is not as it should be; a missing one is fine. */
export async function readSettings(dir: string, flags: SettingFlags = {}, uid = process.getuid?.()): Promise<Settings> {
  const absolute = resolve(dir);
  const file = join(absolute, settingsFileName);
  return parseSettings(absolute, file, parseJson(file, await readText(file)), flags, uid);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return '{}';
    throw new Failure({
      what: `cannot read ${file}`,
      why: message,
      mend: 'give the user that runs litehouse the right to read it',
    });
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = (error as Error).message;
    const offset = /position (\d+)/.exec(problem)?.[1];
    const before = offset === undefined ? '' : text.slice(0, Number(offset));
    const line = offset === undefined ? 0 : before.split('\n').length;
    const column = offset === undefined ? 0 : before.length - before.lastIndexOf('\n');
    throw Failure.from(
      settingsUnreadable({ file, line, column }, { problem: problem.replace(/ in JSON at position.*/, '') }),
    );
  }
}

function parseSettings(
  dir: string,
  file: string,
  value: unknown,
  flags: SettingFlags,
  uid: number | undefined,
): Settings {
  const at = { file, line: 0, column: 0 };
  const parsed = settingsFile.safeParse(value);
  if (!parsed.success) throw settingsFailure(at, parsed.error.issues[0]);
  const { nodeListen, adminListen, tftpListen, images, roots, pushes, ...rest } = parsed.data;
  const socket = pushes.socket === undefined ? {} : { socket: resolve(dir, pushes.socket) };
  return {
    ...rest,
    ...placeOf(dir),
    ...listenersOf(at, { nodeListen, adminListen }, flags),
    tftpListen: tftpListenOf(tftpListen, flags.tftp),
    pushes: { maxBytes: pushes.maxBytes, ...socket },
    roots: placeRoots(dir, at, roots),
    images: images ?? (uid === 0 ? 'rows' : 'external'),
  };
}

/** What no setting moves: where the repository and the state of the server in `dir` are. */
export function placeOf(dir: string): Pick<Settings, 'dir' | 'repository' | 'state'> {
  return { dir, repository: join(dir, 'config.git'), state: join(dir, 'state') };
}

function settingsFailure(
  at: { file: string; line: number; column: number },
  issue: z.core.$ZodIssue | undefined,
): Failure {
  if (issue === undefined) throw new Error('zod refused the settings without an issue');
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const known = keysAt(path);
    return Failure.from(settingUnknown(at, { key: [...path, key].join('.'), nearest: nearest(key, known), known }));
  }
  return Failure.from(
    settingWrong(at, {
      key: path.join('.'),
      problem: issue.message,
      mend: 'see `litehouse help LH903` for an example of a settings file',
    }),
  );
}

function keysAt(path: readonly string[]): readonly string[] {
  if (path[0] === 'pushes') return ['maxBytes', 'socket'];
  if (path[0] === 'access') return ['anonymousOnLoopback'];
  return Object.keys(settingsFile.shape);
}

/** Names of the settings in which two differ. */
export function changedSettings(before: Settings, after: Settings): string[] {
  const text = (settings: Settings): Map<string, string> =>
    new Map(
      Object.entries({ ...settings, roots: [...settings.roots] }).map(([key, value]) => [key, JSON.stringify(value)]),
    );
  const [was, is] = [text(before), text(after)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((key) => was.get(key) !== is.get(key));
}

/** Every root has a directory of its own: two that overlap would prune each other's files. */
function placeRoots(
  dir: string,
  at: { file: string; line: number; column: number },
  named: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  for (const name of Object.keys(named)) checkRootName(name, at);
  const roots = new Map(defaultRoots.map(([name, folder]) => [name, join(dir, 'world', folder)]));
  for (const [name, path] of Object.entries(named)) roots.set(name, resolve(dir, path));
  const taken: [string, string][] = [
    ['the repository', join(dir, 'config.git')],
    ['the server state', join(dir, 'state')],
  ];
  for (const [name, path] of roots) {
    const other = taken.find(([, place]) => within(path, place) || within(place, path));
    if (path === '/' || other !== undefined) {
      throw Failure.from(
        settingWrong(at, {
          key: `roots.${name}`,
          problem: other === undefined ? 'is the whole file system' : `${path} overlaps with ${other[0]} (${other[1]})`,
          mend: 'give every root a directory of its own, neither inside nor around another',
        }),
      );
    }
    taken.push([`root ${name}`, path]);
  }
  return roots;
}

/**
 * A plugin of somebody else may have roots of its own, and plugins do not say which. But a name beside one of ours is a slip: our root
 * would stay where it was, and what is served from the directory named would be old or nothing.
 */
function checkRootName(name: string, at: { file: string; line: number; column: number }): void {
  if (defaultRoots.some(([known]) => known === name)) return;
  const spellings = defaultRoots.flat();
  const near = nearest(name, spellings);
  if (near === undefined) return;
  const [known = near] = defaultRoots.find((root) => root.includes(near)) ?? [];
  throw Failure.from(
    settingWrong(at, { key: `roots.${name}`, problem: 'names no root', mend: `did you mean "${known}"?` }),
  );
}

function within(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}

/** What the engine needs to know of the settings. */
export function engineSettings(settings: Settings): EngineSettings {
  return {
    repository: settings.repository,
    state: settings.state,
    branch,
    target: managementNode,
    roots: [...settings.roots].map(([name, dir]) => ({
      name,
      dir,
      rank: ranks[name] ?? 1,
      holdSeconds: settings.holdSeconds,
    })),
    keepGenerations: settings.keepGenerations,
    builds: settings.builds,
    buildMinutes: settings.buildMinutes,
    images: settings.images,
    reloads: settings.reloads,
  };
}
