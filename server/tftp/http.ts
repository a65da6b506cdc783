/** The tree that TFTP serves, over HTTP: for loaders that can, and for a look by hand. */
import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { openInTree } from './tree.ts';

export interface TreeRequest {
  readonly method: 'GET' | 'HEAD';
  /** The headers `Range`, `If-Range` and `If-None-Match`, as they came. */
  readonly range?: string | undefined;
  readonly ifRange?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

export interface TreeAnswer {
  readonly status: 200 | 206 | 304 | 400 | 403 | 404 | 416 | 500;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: no body is sent. A stream owns an open file: whoever does not read it to its end destroys it. */
  readonly body: Readable | string | undefined;
}

/**
 * Answers for a file below `root`. `path` is the path of the URL after `/tftpboot/`, still percent-encoded. The same names are served
 * and refused as by TFTP; the file that was opened is sent, whatever is put in its place meanwhile.
 *
 * @example `sendTree(await serveTree(root, 'pxelinux.cfg/n01', { method: 'GET' }), outgoing)`
 */
export async function serveTree(root: string, path: string, request: TreeRequest): Promise<TreeAnswer> {
  const name = decoded(path);
  if (name === undefined) return plain(400, 'this path is not well encoded', request);
  const opened = await openInTree(root, name);
  if (opened.kind !== 'file') {
    const status = opened.kind === 'absent' ? 404 : opened.kind === 'refused' ? 403 : 500;
    return plain(status, `${name}: ${opened.why}`, request);
  }
  const { fd, stats } = opened;
  const { size } = stats;
  const tag = `"${stats.ino.toString(36)}-${size.toString(36)}-${Math.round(stats.mtimeMs * 1000).toString(36)}"`;
  const headers = {
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    etag: tag,
    'last-modified': stats.mtime.toUTCString(),
  };
  const part = partOf(request, size, tag);
  const nothing = async (
    status: 200 | 206 | 304 | 416,
    more: Readonly<Record<string, string>>,
  ): Promise<TreeAnswer> => {
    createReadStream('', { fd }).destroy();
    return { status, headers: { ...headers, ...more }, body: undefined };
  };
  if (request.ifNoneMatch?.split(/\s*,\s*/).some((it) => it === tag || it === '*')) return nothing(304, {});
  if (part === 'outside') return nothing(416, { 'content-range': `bytes */${size}`, 'content-length': '0' });
  const [start, end] = part ?? [0, size - 1];
  const status = part === undefined ? 200 : 206;
  const more = {
    'content-length': String(end - start + 1),
    ...(part === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${size}` }),
  };
  if (request.method === 'HEAD' || size === 0) return nothing(status, more);
  const body = createReadStream('', { fd, start, end, highWaterMark: 256 * 1024 });
  return { status, headers: { ...headers, ...more }, body };
}

/** Sends an answer. A client that goes away, or a file that fails half way, cuts the connection: a short body is never passed off as whole. */
export function sendTree({ status, headers, body }: TreeAnswer, outgoing: ServerResponse): void {
  outgoing.writeHead(status, headers);
  if (body === undefined || typeof body === 'string') outgoing.end(body);
  else pipeline(body, wholly(Number(headers['content-length'])), outgoing, () => {});
}

/** Passes on what comes, and fails where it ends sooner: the file was cut meanwhile, and the client would wait for the rest. */
function wholly(length: number): (source: AsyncIterable<Buffer>) => AsyncGenerator<Buffer> {
  return async function* (source) {
    let left = length;
    for await (const chunk of source) {
      left -= chunk.length;
      yield chunk;
    }
    if (left > 0) throw new Error(`the file was cut short: ${left} bytes are missing`);
  };
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function plain(status: TreeAnswer['status'], text: string, { method }: TreeRequest): TreeAnswer {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a path may hold them, percent-encoded, and a terminal would act on them.
  const line = `${status}: ${text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')}\n`;
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': String(Buffer.byteLength(line)) };
  return { status, headers, body: method === 'HEAD' ? undefined : line };
}

/** First and last byte of the one range that is asked for. Several, or what is no range, is answered with all of it (RFC 9110). */
function partOf(
  { range, ifRange }: TreeRequest,
  size: number,
  tag: string,
): readonly [start: number, end: number] | 'outside' | undefined {
  const match = range === undefined ? null : /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range.trim());
  if (match === null || (ifRange !== undefined && ifRange !== tag)) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return undefined;
    const length = Math.min(Number(last), size);
    return length === 0 ? 'outside' : [size - length, size - 1];
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'outside' : [start, last === '' ? size - 1 : Math.min(Number(last), size - 1)];
}
