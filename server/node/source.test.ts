import { describe, expect, test } from 'vitest';
import { noProxies, type Proxies, readProxies, sourceOf } from './source.ts';

const from = (remoteAddress: string | undefined, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }) as never;
const proxies = readProxies(['10.0.0.5', '192.168.0.0/16', 'fd00::/64']) as Proxies;

describe('the source of a request', () => {
  test('is the peer, whatever headers say, unless the peer is a listed proxy', () => {
    expect(sourceOf(from('10.9.9.9', '10.0.1.7'), proxies)).toBe('10.9.9.9');
    expect(sourceOf(from('10.0.0.5', '10.0.1.7'), noProxies)).toBe('10.0.0.5');
  });

  test('is IPv4 where an IPv6 listener wraps it, without zone and in the shortest form', () => {
    expect(sourceOf(from('::ffff:10.0.1.7'), noProxies)).toBe('10.0.1.7');
    expect(sourceOf(from('fe80:0:0::1%eth0'), noProxies)).toBe('fe80::1');
    expect(sourceOf(from(undefined), noProxies)).toBe('');
  });

  test('is the rightmost hop that is no proxy: what a client wrote left of it is not believed', () => {
    expect(sourceOf(from('10.0.0.5', '10.0.1.7'), proxies)).toBe('10.0.1.7');
    expect(sourceOf(from('::ffff:10.0.0.5', '10.0.1.99, 10.0.1.7, 192.168.3.4'), proxies)).toBe('10.0.1.7');
    expect(sourceOf(from('fd00::9', 'FD01:0::7'), proxies)).toBe('fd01::7');
  });

  test('is the proxy itself where it names nobody else', () => {
    expect(sourceOf(from('10.0.0.5'), proxies)).toBe('10.0.0.5');
    expect(sourceOf(from('10.0.0.5', ' '), proxies)).toBe('10.0.0.5');
    expect(sourceOf(from('10.0.0.5', '192.168.1.1'), proxies)).toBe('192.168.1.1');
  });

  test('is a hop without the port that some proxies add', () => {
    expect(sourceOf(from('10.0.0.5', '10.0.1.7:333'), proxies)).toBe('10.0.1.7');
    expect(sourceOf(from('10.0.0.5', '10.0.1.7, 192.168.3.4:80'), proxies)).toBe('10.0.1.7');
    expect(sourceOf(from('10.0.0.5', '[FD01:0::7]:8080'), proxies)).toBe('fd01::7');
    expect(sourceOf(from('10.0.0.5', '[fd01::7]'), proxies)).toBe('fd01::7');
    expect(sourceOf(from('10.0.0.5', '10.0.1.7:x'), proxies)).toBe('10.0.1.7:x');
  });

  test('is no node where a hop is no address, and no long text', () => {
    expect(sourceOf(from('10.0.0.5', '10.0.1.7, unknown'), proxies)).toBe('unknown');
    expect(sourceOf(from('10.0.0.5', 'x'.repeat(5000)), proxies)).toHaveLength(64);
  });
});

test('proxies that can not be read are named', () => {
  for (const wrong of ['10.0.0.0/33', 'proxy.example', '10.0.0', '', '::/129'])
    expect(readProxies(['10.0.0.5', wrong])).toEqual({ wrong });
});
