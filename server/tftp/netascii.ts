/** Text as RFC 764 sends it: every line end is CR LF, every other CR is CR NUL. */

/** Files above this are not sent as netascii: converted text is held in memory, and what is larger is no text. */
export const mostNetasciiBytes = 256 * 1024;

const [lf, cr] = [10, 13];

/** @example toNetascii(Buffer.from('a\n')) // 'a\r\n' */
export function toNetascii(bytes: Buffer): Buffer {
  const text = Buffer.allocUnsafe(bytes.length * 2);
  let length = 0;
  for (const byte of bytes) {
    if (byte === lf) text[length++] = cr;
    text[length++] = byte;
    if (byte === cr) text[length++] = 0;
  }
  return text.subarray(0, length);
}
