/** The yardstick of the bench `answers`: node:http that sends one text, and does nothing else. Arguments: file with the text. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const text = readFileSync(process.argv[2] ?? '', 'utf8');
const server = createServer((_request, response) => {
  response.writeHead(200, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
  });
  response.end(text);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
