/** Digests of plain data: the same value gives the same 16 hex digits, whatever order its keys were written in. */
import { createHash } from 'node:crypto';

/** JSON with keys in byte order and without members that are undefined. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** 16 hex digits of SHA-256 over the canonical JSON. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16);
}
