/** Text as RFC 764 sends it: every line end is CR LF, every other CR is CR NUL. */

/** Files above this are not sent as netascii: converted text is held in memory, and what is larger is no text. */
export const mostNetasciiBytes = 32 * 1024;

const [lf, cr] = [10, 13];

/**
 * Of exactly the size that it needs, since a transfer holds it to its end.
 *
 * @example toNetascii(Buffer.from('a\n')) // 'a\r\n'
 */
export function toNetascii(bytes: Buffer): Buffer {
  let more = 0;
  for (const byte of bytes) if (byte === lf || byte === cr) more++;
  const text = Buffer.allocUnsafeSlow(bytes.length + more);
  let length = 0;
  for (const byte of bytes) {
    if (byte === lf) text[length++] = cr;
    text[length++] = byte;
    if (byte === cr) text[length++] = 0;
  }
  return text;
}
