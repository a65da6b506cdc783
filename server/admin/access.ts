/** Who may do what on the admin listener: a pure judgement over a request's headers and peer address. */
import ipaddr from 'ipaddr.js';
import { type Scope, scopes, type TokenLookup } from './tokens.ts';

/** What the judgement looks at. */
export interface AccessRequest {
  readonly method: string;
  /** The peer of the TCP connection, never a header. */
  readonly peer: string | undefined;
  header(name: string): string | undefined;
}

export interface Caller {
  /** Token's name, or `anonymous@<address>`: what history shows as the pusher. */
  readonly name: string;
  readonly scope: Scope;
}

export type Verdict =
  | { readonly kind: 'allowed'; readonly caller: Caller }
  | {
      readonly kind: 'refused';
      readonly status: 401 | 403;
      /** What was wrong; undefined: nothing was sent, which is how git and browsers begin. */
      readonly wrong: WrongAccess | undefined;
      readonly reason: string;
    };

/** `site`: a page of another site; `token`: none of ours; `scope`: one of ours that may less. */
export const wrongAccess = ['token', 'scope', 'site'] as const;
export type WrongAccess = (typeof wrongAccess)[number];

export interface AccessRules {
  readonly tokens: TokenLookup;
  /** Whether somebody on this machine needs no token. */
  readonly anonymousOnLoopback: boolean;
}

const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];

/**
 * Judges a request that needs `scope`.
 *
 * A token decides where one is sent (a wrong one is refused, never passed over). Without one, only a peer on loopback is
 * let in, and only when it addressed us as loopback and no proxy stands between: a page in a browser on this machine can
 * reach us under a foreign name (DNS rebinding), and a proxy on this machine brings the whole world along.
 */
export function judgeAccess(request: AccessRequest, scope: Scope, rules: AccessRules): Verdict {
  if (isCrossSite(request)) {
    return {
      kind: 'refused',
      status: 403,
      wrong: 'site',
      reason: 'a page of another site may not change anything here',
    };
  }
  const sent = request.header('authorization');
  if (sent !== undefined) {
    const secret = secretOf(sent);
    const token = secret === undefined ? undefined : rules.tokens(secret);
    if (token === undefined)
      return { kind: 'refused', status: 401, wrong: 'token', reason: 'this token is not known here' };
    if (scopes.indexOf(token.scope) < scopes.indexOf(scope)) {
      const reason = `token ${token.name} may ${token.scope}, this needs ${scope}; make one: litehouse token add NAME --scope ${scope}`;
      return { kind: 'refused', status: 403, wrong: 'scope', reason };
    }
    return { kind: 'allowed', caller: { name: token.name, scope: token.scope } };
  }
  if (rules.anonymousOnLoopback && isLocal(request)) {
    return { kind: 'allowed', caller: { name: `anonymous@${plainAddress(request.peer ?? '')}`, scope: 'admin' } };
  }
  return {
    kind: 'refused',
    status: 401,
    wrong: undefined,
    reason: 'a token is needed; make one on the server: litehouse token add NAME (git asks for it as the password)',
  };
}

function isLocal(request: AccessRequest): boolean {
  if (request.peer === undefined || !isLoopback(request.peer)) return false;
  if (proxyHeaders.some((name) => request.header(name) !== undefined)) return false;
  const host = request.header('host');
  return host !== undefined && isLoopback(hostName(host));
}

/** Browsers say where a request comes from; git, curl and our own commands do not, and need not. */
function isCrossSite(request: AccessRequest): boolean {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return false;
  const site = request.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const origin = request.header('origin');
  if (origin === undefined) return false;
  const host = request.header('host');
  return host === undefined || !URL.canParse(origin) || new URL(origin).host !== host.toLowerCase();
}

/** `Bearer TOKEN`, or `Basic` with the token as the password and any user name. */
function secretOf(authorization: string): string | undefined {
  const [, scheme, rest] = /^(\w+) +(\S+) *$/.exec(authorization) ?? [];
  if (scheme === undefined || rest === undefined) return undefined;
  if (scheme.toLowerCase() === 'bearer') return rest;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(rest, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? undefined : pair.slice(colon + 1);
}

/** The name in a Host header, without its port. */
function hostName(host: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(host)?.[1] ?? host.replace(/:\d+$/, '');
}

function isLoopback(name: string): boolean {
  if (name.toLowerCase() === 'localhost') return true;
  return ipaddr.isValid(name) && isFourPartOr6(name) && ipaddr.process(name).range() === 'loopback';
}

/** ipaddr.js also takes `127.1` and `2130706433`; a browser would not send them as they stand. */
function isFourPartOr6(name: string): boolean {
  return name.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}

/** An address as people write it: IPv4-mapped ones as IPv4. */
export function plainAddress(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}
