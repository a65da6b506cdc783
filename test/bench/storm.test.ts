import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Arrival, faultOfResponse, percentile99, storm } from './storm-load.ts';

describe('the storm', () => {
  it('asks once for each node, from its own address, over a connection of its own, never more at once than it should', async () => {
    let open = 0;
    let most = 0;
    const seen: string[] = [];
    const server = createServer((socket: Socket) => {
      most = Math.max(most, ++open);
      socket.on('close', () => open--);
      socket.on('data', (chunk) => {
        seen.push(`${socket.remoteAddress} ${chunk.toString('utf8').split(' ')[1]}`);
        setImmediate(() => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const arrivals: Arrival[] = [];
      await storm({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        nodes: 40,
        inFlight: 5,
        addressOf: (node) => `127.0.9.${node + 1}`,
        pathOf: (node) => `/n${node}`,
        onArrival: (arrival) => arrivals.push(arrival),
      });
      expect(seen.sort()).toEqual(Array.from({ length: 40 }, (_, i) => `127.0.9.${i + 1} /n${i}`).sort());
      expect(arrivals.filter(({ text }) => text !== undefined && faultOfResponse(text) === undefined)).toHaveLength(40);
      expect(most).toBeLessThanOrEqual(6);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('takes no part of an answer for an answer', () => {
    expect(faultOfResponse('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')).toBeUndefined();
    expect(faultOfResponse('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok')).toBe('2 bytes of 3');
    expect(faultOfResponse('HTTP/1.1 503 No\r\n\r\n')).toContain('503');
    expect(faultOfResponse('')).toBeDefined();
  });

  it('knows the value that one in a hundred exceeds', () => {
    expect(percentile99(Array.from({ length: 100 }, (_, i) => i + 1))).toBe(99);
    expect(percentile99([7])).toBe(7);
  });
});
