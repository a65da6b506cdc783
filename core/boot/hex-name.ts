/** An IPv4 address as boot loaders spell it in file names. */

const dotted = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

/** `10.0.1.1` gives `0A000101`; anything that is not IPv4 gives undefined, as pxelinux has no such name for it. */
export function hexName(address: string): string | undefined {
  const parts = dotted.exec(address);
  if (parts === null) return undefined;
  let name = '';
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[Number(parts[i])];
    if (byte === undefined) return undefined;
    name += byte;
  }
  return name;
}
