/** git's own hash of a content: the digest that plans, manifests and the repository share. */
import { createHash, hash } from 'node:crypto';

/** SHA-1 of `blob <bytes>\0<content>`, 40 hex digits. */
export function blobId(content: string | Buffer): string {
  // One call with one string: a hundred thousand boot files are hashed, and setting up each hash costs more than it.
  if (typeof content === 'string') return hash('sha1', `blob ${Buffer.byteLength(content)}\0${content}`);
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}
