/** git's own hash of a content: the digest that plans, manifests and the repository share. */
import { createHash } from 'node:crypto';

/** SHA-1 of `blob <bytes>\0<content>`, 40 hex digits. */
export function blobId(content: string | Buffer): string {
  const length = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  return createHash('sha1').update(`blob ${length}\0`).update(content).digest('hex');
}
