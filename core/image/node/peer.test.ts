/** What the boot program does when litehouse, trees, state or disk are away, broken or refuse: it says so, waits, and goes on. */
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answerFor, link, type Row } from '../../../test/node/node-image.ts';
import { NodeLab } from '../../../test/node/node-lab.ts';
import { startTestServer } from '../../../test/server/harness.ts';

const rows: Row[] = [
  ['link', '/etc/motd'],
  ['link+persistent', '/etc/kept'],
];
const state = '10.0.0.1\t/lite/state';
const whole = answerFor(rows, { state });

let lab: NodeLab;
beforeEach(async () => {
  lab = await new NodeLab({ '/etc/motd': 'image', '/etc/kept': 'image' }).start();
  await link(lab.root, rows);
  lab.exports('10.0.0.1', '/lite/state/n01');
  lab.answer = whole;
});
afterEach(() => lab.stop());

type Reply = (response: ServerResponse, request: IncomingMessage) => void;
/** Answers each request with the next of these, and from then on with the whole answer. */
function replies(...given: readonly Reply[]): void {
  const left = [...given];
  lab.answer = (request, response) => {
    const next = left.shift();
    if (next === undefined) response.end(whole);
    else next(response, request);
  };
}
const text =
  (body: string): Reply =>
  (response) =>
    response.end(body);
const refusal = (reason: string) => text(`litehouse\t1\nrefusal\t${reason}\nend\t2\n`);

describe('the answer', () => {
  test('is asked for once, with the generation of the kernel line', async () => {
    const boot = await lab.boot({ words: 'STATEMNT= LHGEN=g1' });
    expect(boot.status).toBe(0);
    expect(lab.asked).toEqual(['/answer?generation=g1&always=200']);
  });

  test.each([
    ['cut in the middle', whole.slice(0, whole.length / 2), 'in the middle'],
    ['cut before the last line break', whole.slice(0, -1), 'in the middle'],
    ['cut inside the end mark', whole.slice(0, -2), 'in the middle'],
    ['short of a line', whole.replace('file\tlink\t/etc/motd\n', ''), 'in the middle'],
    ['followed by something', `${whole}x`, 'in the middle'],
    [
      'with an early end mark',
      whole.replace('file\tlink\t', 'end\t7\nfile\tlink\t').replace(/\d+\n$/, (n) => `${Number(n) + 1}\n`),
      'goes on after its end mark',
    ],
    ['with a NUL in the name of the node', whole.replace('node\tn01', 'node\tn\x0001'), 'NUL characters'],
    ['empty', '', 'no answer of litehouse'],
    ['the page of another server', '<html>It works!</html>\n', 'no answer of litehouse'],
    ['of a form to come', whole.replace('litehouse\t1', 'litehouse\t2'), 'speaks form 2 of answers'],
  ])('%s is not taken: it is asked for again', async (_, body, said) => {
    replies(text(body));
    const boot = await lab.boot({ show: ['/etc/motd'] });
    expect(boot.console).toContain(said);
    expect(lab.asked).toHaveLength(2);
    expect(boot.shown.get('/etc/motd')?.text).toBe('image');
    expect(boot.status).toBe(0);
  });

  test('is waited for while litehouse hangs, drips, closes or says 500', async () => {
    replies(
      (response) => setTimeout(() => response.destroy(), 5_000).unref(),
      (response) => {
        response.write(whole.slice(0, 20));
        const drip = setInterval(() => response.write('x'), 200);
        response.on('close', () => clearInterval(drip));
      },
      (response) => response.destroy(),
      (response) => response.writeHead(500).end('no'),
      (response) => response.writeHead(200, { 'content-length': 10_000 }).end(whole),
    );
    const boot = await lab.boot({ env: { LH_TIMEOUT: '1' } });
    expect(boot.status).toBe(0);
    expect(boot.console.match(/again/g)?.length).toBeGreaterThanOrEqual(5);
  });

  test('is waited for while litehouse is away, with pauses that grow', async () => {
    const held = await heldPort();
    const relay = createServer((socket) => {
      const [, to = ''] = lab.xcat.split(':');
      socket.pipe(connect(Number(to), '127.0.0.1')).pipe(socket);
    });
    lab.oncePaused(() => relay.listen(held.localPort, '127.0.0.1'));
    const boot = await lab.boot({ xcat: `127.0.0.1:${held.localPort}` });
    relay.close();
    held.destroy();
    expect(boot.console).toContain('Connection refused');
    expect(boot.console).toContain('does not answer');
    expect(boot.console).toContain('is it running, and reachable from here?');
    expect(boot.status).toBe(0);
  });

  test.each([
    [403, 'HTTP/1.1 403 Forbidden'],
    [404, 'HTTP/1.1 404 Not Found'],
    [503, 'HTTP/1.1 503 Service Unavailable'],
  ])('that is an HTTP status %i is said to be one, not silence', async (status, said) => {
    replies((response) => response.writeHead(status).end('no'));
    const boot = await lab.boot();
    expect(boot.console).toContain(`${lab.xcat} says '${said}', which litehouse does not say to a node: is XCAT`);
    expect(boot.console).not.toContain('is it running');
    expect(boot.status).toBe(0);
  });

  test('that refuses is said with its reason, and asked for again: a mended table lets the node go on', async () => {
    replies(refusal('n01 is set offline in chain.currstate'), refusal('n01 is set offline in chain.currstate'));
    const boot = await lab.boot();
    expect(boot.console).toContain(
      'litehouse refuses this node: n01 is set offline in chain.currstate. Once that is mended',
    );
    expect(lab.asked).toHaveLength(3);
    expect(boot.status).toBe(0);
  });

  test('does not steer the console, nor does an error of a mount', async () => {
    replies(refusal('no\x1b[2J\x07 row'));
    const refused = await lab.boot({ show: ['/etc/motd'] });
    expect(refused.console).toContain('refuses this node: no?[2J? row');
    lab.script('lh-bad', ["printf 'mount: \\033[31mbad\\n' >&2; exit 1"]);
    lab.answer = whole;
    const away = await lab.boot({
      env: { LH_MOUNT: join(lab.bin, 'lh-bad') },
      until: /cannot mount the state[\s\S]*\n/,
    });
    expect(away.console).toContain('?[31mbad');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    expect(refused.console + refused.log + away.console).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
  });

  test('for another generation than the node booted is not laid out', async () => {
    const boot = await lab.boot({ words: 'STATEMNT= LHGEN=old', until: /try 2/ });
    expect(boot.console).toContain('this node booted generation old and is answered for g1: boot it again');
    expect(boot.status).toBeUndefined();
  });

  test('with persistent entries and no state mount is not laid out', async () => {
    lab.answer = answerFor(rows);
    const boot = await lab.boot({ until: /try 2/ });
    expect(boot.console).toContain('give n01 a row in the statelite table');
    expect(boot.status).toBeUndefined();
  });

  test('from a whole litehouse is laid out as the tables say, and the boot is reported to it', async () => {
    const server = await startTestServer({
      files: {
        'tables/hosts.csv': '#node,ip\nn01,127.0.1.1\nmn,10.0.0.1\n',
        'tables/litefile.csv': '#image,file,options\nALL,/etc/motd,\nALL,/etc/kept,persistent\n',
        'tables/statelite.csv': '#node,image,statemnt\nn01,,10.0.0.1:/lite/state\n',
        'tables/litetree.csv': '#priority,image,directory\n1,,10.0.0.1:/syncdirs/$node\n',
        'syncdirs/n01/etc/motd': 'pushed',
      },
    });
    // A node speaks from its own address; busybox wget cannot choose one.
    const [, , to = ''] = server.node.split(':');
    const relay = createServer((socket) => {
      const on = connect({ port: Number(to), host: '127.0.0.1', localAddress: '127.0.1.1' });
      socket
        .on('error', () => on.destroy())
        .pipe(on)
        .pipe(socket);
    });
    const port = await new Promise<number>((resolve) =>
      relay.listen(0, '127.0.0.1', () => resolve((relay.address() as { port: number }).port)),
    );
    lab.exports('10.0.0.1', '/syncdirs/n01', { '/etc/motd': 'pushed' });
    const world = server.server.engine.world;
    const generation = [...(world?.generations.keys() ?? [])][0] ?? 'none';
    const boot = await lab.boot({ xcat: `127.0.0.1:${port}`, words: `LHGEN=${generation}`, show: ['/etc/motd'] });
    relay.close();
    const record = server.server.reports.of('n01');
    await server.stop();
    expect(boot.console).toContain('laid out');
    expect(boot.shown.get('/etc/motd')?.text).toBe('pushed');
    expect(record).toMatchObject({ stage: 'booted', boots: 1, generation, logged: true });
  });
});

describe('the boot', () => {
  test('is reported stage by stage, with commit, generation, boot id and log', async () => {
    const boot = await lab.boot();
    // The first two are sent beside the boot, in whatever order they come.
    expect(new Set(lab.reports.map(({ stage }) => stage))).toEqual(new Set(['netbooting', 'statelite', 'booted']));
    const booted = lab.reports.at(-1);
    expect(booted?.stage).toBe('booted');
    expect(booted).toMatchObject({
      commit: 'a'.repeat(40),
      generation: 'g1',
      boot: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(booted?.log).toContain('laid out 2 entries');
    expect(boot.log.split('\n').every((line) => line === '' || /^\d+\.\d\d \S/.test(line))).toBe(true);
  });

  test('leaves nothing in /.statelite but what the README names', async () => {
    const boot = await lab.boot({ look: 'ls -A /.statelite' });
    expect(boot.seen.split('\n').filter((name) => name !== '' && !name.startsWith('dhcp-'))).toEqual([
      'answer',
      'mnt',
      'over',
      'persistent',
      'statelite.log',
      'tmpfs',
    ]);
  });

  test('goes on when nobody takes the reports, and sends none with nonodestatus', async () => {
    expect((await lab.boot({ words: 'LHGEN=g1 nonodestatus' })).status).toBe(0);
    expect(lab.reports).toEqual([]);
    lab.takesReports = false;
    const boot = await lab.boot();
    expect(boot.status).toBe(0);
    expect(boot.console).toContain('did not take the report of this boot');
  });

  test('stops three times with the word shell, says where, and goes on; a longer word is another', async () => {
    const shell = lab.script('lh-shell', [
      `echo stop $1 $(grep -c sysroot /proc/self/mountinfo) >>${lab.directory}/stops`,
    ]);
    const boot = await lab.boot({ words: 'STATEMNT= LHGEN=g1 shell', env: { LH_SHELL: shell } });
    expect(boot.console).toMatch(
      /stop 1 of 3, the root is mounted[\s\S]*stop 2 of 3, trees and state are mounted[\s\S]*stop 3 of 3, everything is laid out/,
    );
    expect(boot.status).toBe(0);
    rmSync(join(lab.directory, 'stops'));
    await lab.boot({ words: 'LHGEN=g1 noshell shell=no', env: { LH_SHELL: shell } });
    expect(existsSync(join(lab.directory, 'stops'))).toBe(false);
  });

  test('shows every command with lhdebug', async () => {
    expect((await lab.boot({ words: 'LHGEN=g1 lhdebug' })).console).toContain("+ mount -t tmpfs -o 'mode=755' tmpfs");
  });

  test('takes no word from inside quotes, and a quoted value as it is', async () => {
    const shell = lab.script('lh-shell', [`echo stop >>${lab.directory}/stops`]);
    const words = 'note="a lhdebug shell nonodestatus b" LHGEN="g1" other="x LHGEN=g2"';
    const boot = await lab.boot({ words, env: { LH_SHELL: shell } });
    expect(boot.status).toBe(0);
    expect(boot.console).not.toContain('+ mount');
    expect(existsSync(join(lab.directory, 'stops'))).toBe(false);
    expect(lab.reports.at(-1)?.stage).toBe('booted');
    expect(lab.asked).toEqual(['/answer?generation=g1&always=200']);
  });

  test('gives /.statelite the mode of --permission', async () => {
    const boot = await lab.boot({ env: { LH_PERMISSION: '777' }, show: ['/.statelite'] });
    expect(boot.shown.get('/.statelite')?.mode).toBe('777');
  });

  test('waits for an image that was not prepared, and says what to do', async () => {
    rmSync(join(lab.root, '.statelite'), { recursive: true });
    lab.oncePaused(() => mkdirSync(join(lab.root, '.statelite')));
    const boot = await lab.boot();
    expect(boot.console).toContain('Run litehouse liteimg for it');
    expect(boot.status).toBe(0);
  });

  test('says of an entry that the image was never linked for it', async () => {
    lab.answer = answerFor([...rows, ['link', '/etc/new']], { state });
    const boot = await lab.boot({ show: ['/etc/motd'] });
    expect(boot.console).toContain('FAILED: /etc/new: the image has no link for it: run litehouse liteimg');
    expect(boot.console.match(/FAILED: \//g)).toHaveLength(1);
    expect(boot.shown.get('/etc/motd')?.text).toBe('image');
  });

  test('says that an option word of a newer litehouse is not known, and lays out the rest', async () => {
    lab.answer = whole.replace('link+persistent', 'link+mirror');
    const boot = await lab.boot({ show: ['/etc/motd'] });
    expect(boot.console).toContain("FAILED: /etc/kept: option 'link+mirror' is not known to this boot program");
    expect(boot.shown.get('/etc/motd')?.text).toBe('image');
  });
});

/**
 * Its local port refuses connections, and nobody else is given it: it is one end of a connection. Who asks for that port by number may
 * listen on it all the same.
 */
async function heldPort(): Promise<Socket> {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // Bound by itself, as one that connects is not, it lets others be.
  const held = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1' });
  await once(held, 'connect');
  server.close();
  return held;
}
