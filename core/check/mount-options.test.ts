/** Which mount options are refused, and for what. */
import { describe, expect, it } from 'vitest';
import { mountOptionsFault } from './mount-options.ts';
import { checkedRepo } from './testing/checked.ts';

describe('mount options', () => {
  it.each([
    'nolock,tcp,vers=3',
    'ro,hard,intr,timeo=14,rsize=32768,nfsvers=4.1',
    'proto=tcp6,vers=4',
    'noac',
    'tcp,proto=tcp',
    'fsc',
    'fsc=tag',
    'constructor',
  ])('may be %s', (text) => {
    expect(mountOptionsFault(text, 'tree')).toBeUndefined();
  });

  it.each([
    ['nolock, tcp', 'blank'],
    ['nolock,,tcp', 'empty'],
    ['nolock,', 'empty'],
    ['hard,soft', 'contradict'],
    ['udp,proto=tcp', 'contradict'],
    ['vers=3,nfsvers=4', 'two values'],
    ['vers=5', 'no NFS version'],
    ['vers=4.1,udp', 'udp'],
    ['vers=4,proto=udp', 'udp'],
    ['timeo=long', 'number'],
    ['rsize', 'number'],
    ['sec=', 'value'],
  ])('cannot be %s', (text, why) => {
    expect(mountOptionsFault(text, 'root')).toContain(why);
  });

  it('differ by purpose: shared trees and the root are never writable, state always is', () => {
    expect(mountOptionsFault('rw', 'tree')).toBeDefined();
    expect(mountOptionsFault('rw', 'root')).toBeDefined();
    expect(mountOptionsFault('defaults', 'root')).toBeDefined();
    expect(mountOptionsFault('rw', 'state')).toBeUndefined();
    expect(mountOptionsFault('ro', 'state')).toBeDefined();
    expect(mountOptionsFault('ro', 'tree')).toBeUndefined();
    expect(mountOptionsFault('bg', 'state')).toBeDefined();
  });

  it('that are unknown are warned about with the nearest word, and passed on', async () => {
    const found = await checkedRepo({
      'tables/litetree.csv':
        '#priority,image,directory,mntopts\n1,,10.0.0.1:/syncdirs,"nolok,sec=krb5"\n2,,/etc,ro\n3,,cnfs:/a,"required,nolock"\n',
    });
    expect(found.map(({ code, at, mend }) => `${code}:${at?.line} ${mend}`)).toEqual([
      "LH425:2 did you mean 'nolock'?",
      'LH425:2 take it out, unless it is known to work',
      'LH425:3 take it out, unless it is known to work',
    ]);
  });
});
