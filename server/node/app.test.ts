import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnswerText } from '../../core/engine/types.ts';
import { fakeEngine, refusal } from '../../test/server/fake-engine.ts';
import { type Listener, listen, nodeServerOptions } from '../listen.ts';
import { nodeApp, nodeHandler } from './app.ts';

const asked: [string, string | undefined][] = [];
const text = '# litehouse answer\nname ä\nend\n';
const plainText = '# litehouse answer\nend\n';

function answerFor(address: string, generation?: string): AnswerText {
  asked.push([address, generation]);
  if (address === '127.0.1.7') return { kind: 'answer', node: 'n07', text, commit: 'c', generation: 'g' };
  if (address === '127.0.1.6')
    return { kind: 'answer', node: 'n06', text: plainText, plain: true, commit: 'c', generation: 'g' };
  if (address === '127.0.1.8') return refusal(403, 'offline');
  if (generation === 'old') return refusal(409, 'unknown generation');
  return refusal(404, `no node has ${address}`);
}

describe('by hand', () => {
  const app = nodeApp({ answerFor });
  const from = (remoteAddress: string | undefined) => ({ incoming: { socket: { remoteAddress } } }) as never;

  test('an IPv4 peer of an IPv6 listener is asked for as IPv4', async () => {
    const response = await app.request('/answer', {}, from('::ffff:127.0.1.7'));
    expect([response.status, await response.text()]).toEqual([200, text]);
  });

  test('headers say nothing about who asks', async () => {
    const headers = { 'x-forwarded-for': '127.0.1.7', host: '127.0.1.7', forwarded: 'for=127.0.1.7' };
    expect((await app.request('/answer?node=n07', { headers }, from('127.0.1.9'))).status).toBe(404);
  });

  test('the generation is handed on, an empty one is none', async () => {
    asked.length = 0;
    expect((await app.request('/answer?generation=old', {}, from('127.0.1.9'))).status).toBe(409);
    await app.request('/answer?generation=', {}, from('127.0.1.7'));
    expect(asked).toEqual([
      ['127.0.1.9', 'old'],
      ['127.0.1.7', undefined],
    ]);
  });

  test('refusals say why, with 200 for clients that would throw the body of an error away', async () => {
    expect((await app.request('/answer', {}, from('127.0.1.8'))).status).toBe(403);
    const always = await app.request('/answer?always=200', {}, from('127.0.1.8'));
    expect([always.status, await always.text()]).toEqual([200, '# litehouse refusal\noffline\n']);
  });

  test('nothing else is here, and nothing can be written', async () => {
    for (const path of ['/', '/answer/n07', '/answer/', '/nodes/n07/answer', '/config.git/info/refs']) {
      expect((await app.request(path, {}, from('127.0.1.7'))).status, path).toBe(404);
    }
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const response = await app.request('/answer', { method }, from('127.0.1.7'));
      expect([response.status, response.headers.get('allow')], method).toEqual([405, 'GET, HEAD']);
    }
  });

  test('while the engine is not ready it says so', async () => {
    expect((await nodeApp(fakeEngine()).request('/answer', {}, from('127.0.1.7'))).status).toBe(503);
  });
});

describe('over sockets', () => {
  let listener: Listener;
  beforeAll(async () => {
    listener = await listen({
      address: { host: '127.0.0.1', port: 0 },
      name: 'node',
      flag: '--node',
      handler: nodeHandler({ answerFor }),
      server: nodeServerOptions,
    });
  });
  afterAll(() => listener.close(0));

  async function fetchFrom(
    localAddress: string,
    method = 'GET',
    query = '',
  ): Promise<{ response: IncomingMessage; body: string }> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${listener.url}/answer${query}`, { localAddress, method, agent: false }, resolve).on('error', reject);
    });
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += chunk;
    return { response, body };
  }

  test('each node gets its own, told apart by source address, as whole plain text', async () => {
    const { response, body } = await fetchFrom('127.0.1.7');
    expect([response.statusCode, body]).toEqual([200, text]);
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(response.headers['content-length']).toBe(String(Buffer.byteLength(text)));
    expect(response.headers['transfer-encoding']).toBeUndefined();
    expect((await fetchFrom('127.0.1.8')).response.statusCode).toBe(403);
  });

  test('an answer that is all ASCII is as whole as any other', async () => {
    const { response, body } = await fetchFrom('127.0.1.6');
    expect([response.headers['content-length'], body]).toEqual([String(plainText.length), plainText]);
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  test('a query means the same however it is written', async () => {
    const seen = async (query: string) => {
      asked.length = 0;
      const { response } = await fetchFrom('127.0.1.9', 'GET', query);
      return [asked[0]?.[1], response.statusCode];
    };
    expect(await seen('?generation=old&always=200')).toEqual(['old', 200]);
    expect(await seen('?always=200&generation=old')).toEqual(['old', 200]);
    expect(await seen('?generation=old')).toEqual(['old', 409]);
    expect(await seen('?generation=%6fld')).toEqual(['old', 409]);
    expect(await seen('?generation=a+b')).toEqual(['a b', 404]);
    expect(await seen('?generation=old&always=2000')).toEqual(['old', 409]);
    expect(await seen('?generation=')).toEqual([undefined, 404]);
    expect(await seen('?always=200')).toEqual([undefined, 200]);
    expect(await seen('')).toEqual([undefined, 404]);
  });

  test('HEAD says how long the answer is, without it', async () => {
    const { response, body } = await fetchFrom('127.0.1.7', 'HEAD');
    expect([response.statusCode, response.headers['content-length'], body]).toEqual([
      200,
      String(Buffer.byteLength(text)),
      '',
    ]);
  });

  test('a client without a Host header is answered too', async () => {
    const socket = connect({ port: listener.address.port, host: '127.0.0.1', localAddress: '127.0.1.7' });
    socket.end('GET /answer HTTP/1.0\r\n\r\n');
    let said = '';
    for await (const chunk of socket.setEncoding('utf8')) said += chunk;
    expect(said.slice(said.indexOf('\r\n\r\n') + 4)).toBe(text);
  });

  test('a taken port is a failure that names the port and the flag', async () => {
    const again = listen({ address: listener.address, name: 'node', flag: '--node', handler: () => {}, server: {} });
    await expect(again).rejects.toMatchObject({
      what: expect.stringContaining(`port ${listener.address.port} of 127.0.0.1 is taken`),
      mend: expect.stringContaining('--node 127.0.0.1:'),
    });
  });

  test('an open connection that says nothing does not hold the end up', async () => {
    const own = await listen({
      address: { host: '127.0.0.1', port: 0 },
      name: 'node',
      flag: '--node',
      handler: () => {},
      server: nodeServerOptions,
    });
    const idle = connect(own.address.port, '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    idle.write('GET /answer HTTP/1.1\r\n');
    idle.on('error', () => {});
    const closed = new Promise((resolve) => idle.once('close', resolve));
    await own.close(50);
    await closed;
  });
});
