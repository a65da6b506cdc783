/** What a third party's plan hook may have got wrong in the shape of an output, found while the push can still be refused. */
import type { Output } from '../plugin/output.ts';

const kinds: Readonly<Record<Output['kind'], true>> = {
  file: true,
  link: true,
  hardlink: true,
  directory: true,
  tree: true,
  live: true,
  part: true,
  'shared-file': true,
  artifact: true,
  reload: true,
};

/** The largest id that a file can have; one more means `leave it` to the system. */
const largestId = 0xfffffffe;

const isId = (id: unknown): boolean =>
  id === undefined || (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= largestId);

/** Why the value that a plugin gave is no output; undefined: it is one. Types hold only where a plugin was compiled with them. */
export function outputFault(value: Output): string | undefined {
  const output: unknown = value;
  if (typeof output !== 'object' || output === null) return `it planned ${String(output)}, which is no output`;
  const { kind, target, root, path, mode, uid, gid, content, to, command } = output as Readonly<
    Record<string, unknown>
  >;
  if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind)) return `it planned an output of kind '${String(kind)}'`;
  if (typeof target !== 'string') return `an output of kind ${kind} has no target`;
  if (kind === 'reload') {
    const right = Array.isArray(command) && command.length > 0 && command.every((word) => typeof word === 'string');
    return right ? undefined : 'a reload has no command';
  }
  if (kind === 'live') {
    const { image, folder } = output as Readonly<Record<string, unknown>>;
    return typeof root === 'string' && typeof image === 'string' && typeof folder === 'string'
      ? undefined
      : 'live files name no root, no image or no folder';
  }
  if (typeof root !== 'string' || typeof path !== 'string') return `an output of kind ${kind} has no root or no path`;
  const at = `${root}:${JSON.stringify(path)}`;
  if (kind === 'file' || kind === 'directory' || kind === 'shared-file') {
    if (typeof mode !== 'number' || !Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
      return `${at} has the mode ${String(mode)}`;
    }
    if (!isId(uid) || !isId(gid)) return `${at} has the owner ${String(uid)}:${String(gid)}`;
  }
  if (kind === 'file' && !isContent(content)) return `${at} has no content: { text } or { blob }`;
  if ((kind === 'link' || kind === 'hardlink') && (typeof to !== 'string' || to === '' || to.includes('\0'))) {
    return `${at} leads nowhere`;
  }
  return undefined;
}

function isContent(content: unknown): boolean {
  if (typeof content !== 'object' || content === null) return false;
  if ('text' in content) return typeof content.text === 'string';
  return 'blob' in content && typeof content.blob === 'string' && /^[0-9a-f]{40}$/.test(content.blob);
}
