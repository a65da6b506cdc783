/** Where the two listeners are, by the settings file and the flags over it. */
import { settingWrong } from '../core/diagnostic/catalogue/server.ts';
import type { Position } from '../core/diagnostic/diagnostic.ts';
import { Failure } from './command/failure.ts';
import { type ListenAddress, listenersCollide, parseListenAddress } from './listen-address.ts';

export interface Listeners {
  readonly nodeListen: ListenAddress;
  readonly adminListen: ListenAddress;
}

/** `texts`: as the schema let them through. Throws a Failure for a flag that is no address, and for one port for both. */
export function listenersOf(
  at: Position,
  texts: { readonly nodeListen: string; readonly adminListen: string },
  flags: { readonly node?: string; readonly admin?: string },
): Listeners {
  const nodeListen = listenFlag('--node', flags.node) ?? listenOf(texts.nodeListen);
  const adminListen = listenFlag('--admin', flags.admin) ?? listenOf(texts.adminListen);
  if (!listenersCollide(nodeListen, adminListen)) return { nodeListen, adminListen };
  throw Failure.from(
    settingWrong(at, {
      key: 'adminListen',
      problem: `port ${adminListen.port} is nodeListen's too, and a port takes one listener`,
      mend: 'give one of them another port, here or by --node and --admin; nodes know theirs by site.xcatdport',
    }),
  );
}

/** Where TFTP is served; undefined: nowhere. Its ports are those of UDP, and collide with nobody's. */
export function tftpListenOf(text: string, flag: string | undefined): ListenAddress | undefined {
  return (flag ?? text) === 'off' ? undefined : (listenFlag('--tftp', flag) ?? listenOf(text));
}

function listenOf(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address === undefined) throw new Error(`the schema let ${text} through`);
  return address;
}

function listenFlag(flag: string, text: string | undefined): ListenAddress | undefined {
  if (text === undefined) return undefined;
  const address = parseListenAddress(text);
  if (address === undefined)
    throw new Failure({ what: `${flag} ${text}: no address`, mend: `write ${flag} 127.0.0.1:4080` });
  return address;
}
