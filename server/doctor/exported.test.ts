import { expect, test } from 'vitest';
import { exportedTo, isClient, readExports } from './exported.ts';

test('exports(5): networks by mask and by length, single addresses, everybody, paths with blanks, read and write', () => {
  const exports = readExports(
    [
      '# a comment',
      '/srv/a\\040b 10.0.0.0/255.255.0.0(ro,no_root_squash) 10.9.0.7(ro)',
      '/lite/state 10.0.1.0/24(rw,sync) 10.0.2.1(rw,sync)',
      '/all *(ro)',
      '',
    ].join('\n'),
  );
  const paths = (...addresses: string[]) => exportedTo(exports, addresses).map(({ path, mode }) => `${path} ${mode}`);
  expect(paths('10.0.1.9')).toEqual(['/srv/a b ro', '/lite/state rw', '/all ro']);
  expect(paths('10.0.2.1')).toEqual(['/srv/a b ro', '/lite/state rw', '/all ro']);
  expect(paths('10.9.0.7')).toEqual(['/srv/a b ro', '/all ro']);
  expect(paths('fd00::1')).toEqual(['/all ro']);
  expect(paths('192.0.2.1', '10.0.1.9')).toContain('/lite/state rw');
});

test("ganesha's form has both paths", () => {
  const line =
    "EXPORT { Export_Id = 7; Path = '/var/world/state/lite'; Pseudo = '/lite'; Access_Type = None; FSAL { Name = VFS; } CLIENT { Clients = 10.0.1.0/24; Access_Type = RW; } }";
  expect(exportedTo(readExports(line), ['10.0.1.3'])).toEqual([
    { path: '/var/world/state/lite', pseudo: '/lite', client: '10.0.1.0/24', mode: 'rw' },
  ]);
  expect(exportedTo(readExports(line), ['10.0.2.3'])).toEqual([]);
});

test('what cannot be read is no client, and nothing throws', () => {
  const exports = readExports('/a 10.0.0.0/99(ro) 10.0.0.0/255.0.255.0(ro) host.example(ro) nonsense\nEXPORT { }\n/b');
  expect(exportedTo(exports, ['10.0.0.1'])).toEqual([]);
  expect([isClient('*', ['1.2.3.4']), isClient('host', ['1.2.3.4']), isClient('1.2.3.0/24', ['1.2.3.4'])]).toEqual([
    true,
    false,
    true,
  ]);
});
