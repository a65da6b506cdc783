import { describe, expect, test } from 'vitest';
import { type AccessRequest, judgeAccess } from './access.ts';
import type { Scope, TokenLookup } from './tokens.ts';

const tokens: TokenLookup = (secret) => {
  const scope = /^good-(read|push|admin)$/.exec(secret)?.[1] as Scope | undefined;
  return scope === undefined ? undefined : { name: `t-${scope}`, scope, hash: '', created: '' };
};

function judge(parts: {
  method?: string;
  peer?: string;
  headers?: Record<string, string>;
  scope?: Scope;
  anonymous?: boolean;
}) {
  const headers = parts.headers ?? { host: 'localhost:3080' };
  const request: AccessRequest = {
    method: parts.method ?? 'GET',
    peer: parts.peer ?? '127.0.0.1',
    header: (name) => headers[name],
  };
  const verdict = judgeAccess(request, parts.scope ?? 'read', { tokens, anonymousOnLoopback: parts.anonymous ?? true });
  return verdict.kind === 'allowed' ? verdict.caller.name : verdict.status;
}

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

describe('without a token', () => {
  test('this machine may do all, by any of its names', () => {
    for (const host of ['localhost', 'localhost:3080', '127.0.0.1:3080', '127.9.9.9', '[::1]:3080', 'LOCALHOST:1']) {
      expect(judge({ headers: { host }, scope: 'admin' }), host).toBe('anonymous@127.0.0.1');
    }
    expect(judge({ peer: '::1' })).toBe('anonymous@::1');
    expect(judge({ peer: '::ffff:127.0.0.5' })).toBe('anonymous@127.0.0.5');
  });

  test('another machine may do nothing, whatever it says of itself', () => {
    for (const peer of ['10.0.0.7', '::ffff:10.0.0.7', 'fe80::1', '']) expect(judge({ peer }), peer).toBe(401);
    expect(judge({ peer: '10.0.0.7', headers: { host: 'localhost', 'x-forwarded-for': '127.0.0.1' } })).toBe(401);
  });

  test('a foreign name that leads to this machine opens nothing (DNS rebinding)', () => {
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example:3080',
      '2130706433',
      '127.1',
      '',
      '10.0.0.1',
    ]) {
      expect(judge({ headers: { host } }), host).toBe(401);
    }
    expect(judge({ headers: {} })).toBe(401);
  });

  test('what a proxy on this machine brings along is not this machine', () => {
    for (const name of ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']) {
      expect(judge({ headers: { host: 'localhost', [name]: 'x' } }), name).toBe(401);
    }
  });

  test('nobody may do anything where the settings say so', () => {
    expect(judge({ anonymous: false })).toBe(401);
  });
});

describe('with a token', () => {
  const far = (authorization: string, scope: Scope) =>
    judge({ peer: '10.0.0.7', headers: { host: 'cluster:3080', authorization }, scope });

  test('its scope decides, and each includes those before it', () => {
    const may = (['read', 'push', 'admin'] as const).map((has) =>
      (['read', 'push', 'admin'] as const).map((needs) => far(`Bearer good-${has}`, needs)),
    );
    expect(may).toEqual([
      ['t-read', 403, 403],
      ['t-push', 't-push', 403],
      ['t-admin', 't-admin', 't-admin'],
    ]);
  });

  test('it comes as a bearer, or as the password of any user, as git sends it', () => {
    expect(far(basic('alice:good-push'), 'push')).toBe('t-push');
    expect(far(basic(':good-push'), 'push')).toBe('t-push');
    expect(far('bearer good-read', 'read')).toBe('t-read');
    expect(far(basic('good-push'), 'push')).toBe(401);
    for (const wrong of ['', 'Bearer', 'Digest good-read', 'Basic !!!', 'Bearer good-read extra'])
      expect(far(wrong, 'read'), wrong).toBe(401);
  });

  test('a wrong one is refused even where none is needed', () => {
    expect(judge({ headers: { host: 'localhost', authorization: 'Bearer bad' } })).toBe(401);
  });
});

describe('a page in a browser', () => {
  const post = (headers: Record<string, string>) =>
    judge({ method: 'POST', scope: 'admin', headers: { host: 'localhost:3080', ...headers } });

  test('of another site may change nothing, not even with a token that the browser remembers', () => {
    expect(post({ origin: 'http://evil.example' })).toBe(403);
    expect(post({ origin: 'null' })).toBe(403);
    expect(post({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(post({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(post({ origin: 'http://localhost:9999' })).toBe(403);
    expect(post({ origin: 'http://evil.example', authorization: 'Bearer good-admin' })).toBe(403);
  });

  test('of our own may, and so may what is no browser', () => {
    expect(post({ origin: 'http://localhost:3080', 'sec-fetch-site': 'same-origin' })).toBe('anonymous@127.0.0.1');
    expect(post({})).toBe('anonymous@127.0.0.1');
  });
});
