/** Step 3: what firmware and boot loader fetch by TFTP: the loader, its configuration under the names that it asks for, kernel, initrd. */
import { join } from 'node:path';
import { firstDifference, readBootFile } from './boot-file.ts';
import { usualBootFile } from './dhcp.ts';
import { type Finding, Findings } from './finding.ts';
import { type Address, addressText } from './probes.ts';
import type { TftpAnswer } from './tftp-fetch.ts';
import { managementNode, type Visit } from './visit.ts';

/** What is read of kernel and initrd: enough to see what they are. */
const firstBytes = 64 * 1024;

/** Debian's packages of what pxelinux consists of. */
const packages = {
  'pxelinux.0': 'apt install pxelinux: /usr/lib/PXELINUX/pxelinux.0',
  'ldlinux.c32': 'apt install syslinux-common: /usr/lib/syslinux/modules/bios/ldlinux.c32',
} as const;

export async function checkTftp(visit: Visit): Promise<readonly Finding[]> {
  const found = new Findings('tftp');
  const { facts } = visit;
  const { loader, text } = facts.tftp;
  if (loader === undefined || text === undefined) {
    found.unchecked('there is no boot file for it');
    return found.list;
  }
  visit.boot = readBootFile(loader, text);
  const server = serverOf(found, visit);
  if (server === undefined) return found.list;
  if (!(await loaderFiles(found, visit, server))) return found.list;
  if (!(await configuration(found, visit, server))) return found.list;
  if (visit.boot.local) return found.list;
  await payload(found, visit, server, 'kernel', visit.boot.kernel);
  await payload(found, visit, server, 'initrd', visit.boot.initrd);
  return found.list;
}

/** Where to ask: the node's server, but where our own listener is somewhere else, that one, and a word about it. */
function serverOf(found: Findings, { facts, house, options }: Visit): Address | undefined {
  if (options.tftp !== undefined) {
    found.ok(`asked ${addressText(options.tftp)}, as --tftp says`);
    return options.tftp;
  }
  const { server } = facts.tftp;
  if (server === undefined) {
    found.fault('nothing says who has the boot files', {
      from: facts.from,
      mend: 'fill in networks.tftpserver or noderes.tftpserver, or site.master',
    });
    return undefined;
  }
  const asked: Address = { host: server.address, port: 69 };
  const from = { from: server.from };
  const ours = facts.listeners?.tftp;
  // From elsewhere the truth is asked; here, on its own machine, a server on trial can be looked at as well.
  if (server.target !== managementNode || ours === undefined || !house.here) {
    const whose =
      server.target === managementNode && ours === undefined
        ? house.down !== undefined
          ? `: ${house.down.what}`
          : ': litehouse serves no TFTP here (tftpListen: off)'
        : '';
    found.ok(`it asks ${addressText(asked)}${whose}`, from);
    return asked;
  }
  const every = ours.host === '0.0.0.0' || ours.host === '::';
  const there: Address = { host: every ? server.address : ours.host, port: ours.port };
  if (there.port === asked.port && there.host === asked.host) {
    found.ok(`it asks ${addressText(asked)}, where litehouse listens`, from);
    return asked;
  }
  found.warning(
    `it asks ${addressText(asked)}, but litehouse serves TFTP at ${addressText(ours)}, which is asked here instead`,
    {
      ...from,
      mend: '"tftpListen": "0.0.0.0:69" in litehouse.json, or another TFTP server on port 69 for the same files',
    },
  );
  return there;
}

/** False: the server is not there, and nothing more is to be asked of it. */
async function loaderFiles(found: Findings, visit: Visit, server: Address): Promise<boolean> {
  const { facts, probes } = visit;
  const { loader = 'pxelinux' } = facts.tftp;
  const named = facts.dhcp.replies.find(({ file }) => file !== undefined)?.file;
  const file = named ?? usualBootFile[loader];
  const wanted = loader === 'pxelinux' ? [file, file.replace(/[^/]*$/, 'ldlinux.c32')] : [file];
  for (const name of wanted) {
    const answer = await probes.tftp(server, name);
    if (answer.kind === 'file') {
      found.ok(`${name}: ${answer.bytes.length} bytes`);
      continue;
    }
    if (answer.kind === 'silent' || answer.kind === 'broken') {
      silent(found, visit, server, answer);
      return false;
    }
    const base = name.replace(/^.*\//, '');
    const known = Object.entries(packages).find(([package_]) => package_ === base)?.[1];
    const into = facts.roots.tftp === undefined ? '' : `, into ${facts.roots.tftp}`;
    const say = named === undefined ? 'warning' : 'fault';
    if (answer.kind === 'refused') {
      const where = facts.roots.tftp === undefined ? '' : ` in ${facts.roots.tftp}`;
      found[say](`the server refuses the loader's ${name}: ${answer.why}`, {
        mend: `let everybody read ${name}${where}, and enter the directories above it`,
      });
      continue;
    }
    const mend =
      known === undefined ? `put the loader of your distribution there as ${name}${into}` : `${known}${into}`;
    const why = base === 'ldlinux.c32' ? 'which pxelinux 5 and later loads' : 'which DHCP names';
    found[say](
      named === undefined
        ? `${name} is not there (${answer.why}); needed unless DHCP names another loader`
        : `${name}, ${why}, is not there: ${answer.why}`,
      { mend },
    );
  }
  return true;
}

function silent(
  found: Findings,
  { facts, house }: Visit,
  server: Address,
  answer: Exclude<TftpAnswer, { kind: 'file' }>,
): void {
  const down = facts.tftp.server?.target === managementNode ? house.down : undefined;
  found.fault(`the TFTP server ${addressText(server)} does not answer: ${answer.why}`, {
    mend: down
      ? `${down.what}: ${down.mend}`
      : `is a TFTP server running there, and does a firewall let UDP port ${server.port} through?`,
  });
}

/** Asks as the loader does, name by name, until something is there. */
async function configuration(found: Findings, visit: Visit, server: Address): Promise<boolean> {
  const { facts, probes } = visit;
  const { loader = 'pxelinux', asked, text = '' } = facts.tftp;
  const passed: string[] = [];
  const refused: { readonly name: string; readonly why: string }[] = [];
  for (const { name, node } of asked) {
    const answer = await probes.tftp(server, name);
    if (answer.kind === 'silent' || answer.kind === 'broken') {
      silent(found, visit, server, answer);
      return false;
    }
    if (answer.kind !== 'file') {
      // A name that the plan has and the server has not, or refuses: the loader goes on to the next, and so do we.
      if (answer.kind === 'refused') refused.push({ name, why: answer.why });
      else if (node !== undefined) passed.push(name);
      continue;
    }
    refusals(found, visit, refused);
    visit.boot = readBootFile(loader, answer.bytes.toString('utf8'));
    if (answer.bytes.toString('utf8') === text) {
      found.ok('its boot file is what the plan says', { detail: name });
      if (passed.length > 0) {
        found.warning('names of its boot file are missing on the server; it finds another', {
          detail: passed.join(' '),
          mend: 'litehouse apply --repair',
        });
      }
      return true;
    }
    const own = node === facts.node;
    found.fault(own ? 'its boot file is not what the plan says' : 'its loader finds a file first that is not its own', {
      detail: `${name}: ${firstDifference(answer.bytes.toString('utf8'), text)}`,
      mend: own
        ? `litehouse apply --repair${servesElse(visit)}`
        : 'take that file away; litehouse did not write it for this node',
    });
    // What the loader read is what it does next.
    return visit.boot.kernel !== undefined || visit.boot.local;
  }
  if (refusals(found, visit, refused)) return false;
  found.fault('none of the names that its loader asks for is on the server', {
    detail: asked.map(({ name }) => name).join(' '),
    mend: `litehouse apply --repair${servesElse(visit)}`,
  });
  return false;
}

/** Files that are there and that the server does not give: whether there are any. */
function refusals(
  found: Findings,
  visit: Visit,
  refused: readonly { readonly name: string; readonly why: string }[],
): boolean {
  const [first] = refused;
  if (first === undefined) return false;
  found.fault(`the server refuses a boot file that its loader asks for: ${first.why}`, {
    detail: refused.map(({ name }) => name).join(' '),
    mend: `litehouse apply --repair gives litehouse's own files their mode back; everybody must be able to read them, and to enter the directories above${servesElse(visit)}`,
  });
  return true;
}

/** Another's TFTP server may serve another directory. */
function servesElse({ facts }: Visit): string {
  const root = facts.roots.tftp;
  return facts.listeners?.tftp === undefined && root !== undefined
    ? `; and see that the TFTP server serves ${root}`
    : '';
}

async function payload(
  found: Findings,
  visit: Visit,
  server: Address,
  what: 'kernel' | 'initrd',
  name: string | undefined,
): Promise<void> {
  const { facts, probes, options } = visit;
  const image = facts.image;
  if (name === undefined) {
    found.fault(`the boot file names no ${what}`, { mend: 'litehouse apply --repair' });
    return;
  }
  const answer = await probes.tftp(server, name, options.whole ? undefined : firstBytes);
  const place = facts.roots.tftp === undefined ? name : join(facts.roots.tftp, name);
  const mend =
    image?.kind === 'built'
      ? 'litehouse apply --repair builds and places it again'
      : `the image is external: put its ${what} at ${place}, readable by everybody`;
  if (answer.kind !== 'file') {
    found.fault(`${what} ${name}: ${answer.why}`, { mend, ...from(image?.from) });
    return;
  }
  const { size, bytes, whole } = answer;
  const length = whole ? bytes.length : size;
  if (bytes.length === 0) {
    found.fault(`${what} ${name} is empty`, { mend, ...from(image?.from) });
    return;
  }
  const cut = whole && size !== undefined && size !== bytes.length;
  if (cut) found.fault(`${what} ${name}: ${bytes.length} bytes came of ${size}`, { mend });
  const read = whole ? 'read whole' : `its first ${bytes.length} read`;
  if (looksRight(what, bytes)) found.ok(`${what} ${name}: ${length ?? '?'} bytes, ${read}`, from(image?.from));
  else {
    const begins = JSON.stringify(bytes.toString('latin1', 0, 24));
    found.warning(`${what} ${name} (${length ?? '?'} bytes) does not look like one: it begins with ${begins}`, {
      mend,
      ...from(image?.from),
    });
  }
}

function from(place: string | undefined): { readonly from?: string } {
  return place === undefined ? {} : { from: place };
}

/** x86 boot sector or EFI stub, ELF (POWER), compressed; cpio or any of its compressions. */
function looksRight(what: 'kernel' | 'initrd', bytes: Buffer): boolean {
  const begins = (...signs: readonly string[]): boolean =>
    signs.some((sign) => bytes.toString('latin1', 0, sign.length) === sign);
  const compressed = begins('\x1f\x8b', 'BZh', '\xfd7zXZ', '(\xb5/\xfd', '\x04"M\x18', '\x02!L\x18', ']\0\0');
  if (what === 'initrd') return compressed || begins('070701', '070702');
  return compressed || begins('MZ', '\x7fELF') || bytes.toString('latin1', 0x202, 0x206) === 'HdrS';
}
