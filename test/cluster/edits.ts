/** The edits that a random walk over commits is made of: each changes a small cluster's files the way people do. */
import type { Random } from './random.ts';
import type { TreeFile } from './repository.ts';
import { tableRows, tableText } from './rows.ts';

/** A repository's files; an edit changes the map, never a value in it. */
export type Tree = Map<string, TreeFile>;

/** Does its change and says what it did; undefined: it found nothing to change. */
export type Edit = (tree: Tree, random: Random) => string | undefined;

const text = (content: string): TreeFile => ({ text: content, mode: '100644' });

function read(tree: Tree, name: string) {
  const file = tree.get(`tables/${name}.csv`);
  if (file === undefined) throw new Error(`no table ${name}`);
  const table = tableRows(file.text);
  return {
    columns: table.columns,
    rows: table.rows,
    /** The index of a column. */
    at: (column: string) => {
      const index = table.columns.indexOf(column);
      if (index < 0) throw new Error(`${name} has no column ${column}`);
      return index;
    },
    save: (rows: readonly (readonly string[])[] = table.rows) =>
      tree.set(`tables/${name}.csv`, text(tableText(table.columns, rows))),
  };
}

/** A row with values for some columns. */
function rowOf(columns: readonly string[], values: Readonly<Record<string, string>>): string[] {
  return columns.map((column) => values[column] ?? '');
}

function put(tree: Tree, name: string, key: string, values: Readonly<Record<string, string>>): void {
  const table = read(tree, name);
  const first = table.columns[0] ?? '';
  const old = table.rows.find((row) => row[0] === key);
  if (old === undefined) table.rows.push(rowOf(table.columns, { [first]: key, ...values }));
  else for (const [column, value] of Object.entries(values)) old[table.at(column)] = value;
  table.save();
}

function drop(tree: Tree, name: string, key: string): boolean {
  const table = read(tree, name);
  const kept = table.rows.filter((row) => row[0] !== key);
  table.save(kept);
  return kept.length < table.rows.length;
}

function nodeNames(tree: Tree): string[] {
  return read(tree, 'nodelist').rows.map((row) => row[0] ?? '');
}

const overlayNames = [
  'etc/motd',
  'etc/hosts.allow',
  'etc/ntp.conf',
  'etc/issue',
  'etc/site/a',
  'etc/site/b',
  'var/lib/x',
  'ünïcode file',
];

function overlays(tree: Tree): string[] {
  return [...tree.keys()].filter((path) => path.startsWith('syncdirs/'));
}

/** Removes whatever stands in the way of a file at `path`: files below it, and a file where a folder has to be. */
function clear(tree: Tree, path: string): void {
  for (const other of [...tree.keys()]) {
    if (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)) tree.delete(other);
  }
}

/** All valid edits; the walk draws one at a time, each as likely as it is listed. */
export const validEdits: readonly Edit[] = [
  function addNode(tree, random) {
    const names = nodeNames(tree);
    const free = Array.from({ length: 60 }, (_, k) => k + 1).filter(
      (k) => !names.includes(`n${String(k).padStart(4, '0')}`),
    );
    if (free.length === 0) return undefined;
    const number = random.pick(free);
    const node = `n${String(number).padStart(4, '0')}`;
    const rack = random.below(3);
    put(tree, 'nodelist', node, { groups: `rack${rack},room${rack % 2},profile${random.below(2)},compute,all` });
    put(tree, 'mac', node, { interface: 'eth0', mac: `52:54:00:00:00:${number.toString(16).padStart(2, '0')}` });
    return `add node ${node}`;
  },
  function removeNode(tree, random) {
    const names = nodeNames(tree);
    if (names.length < 3) return undefined;
    const node = random.pick(names);
    for (const table of [
      'nodelist',
      'mac',
      'noderes',
      'nodetype',
      'chain',
      'bootparams',
      'nodehm',
      'hosts',
      'statelite',
    ])
      drop(tree, table, node);
    return `remove node ${node}`;
  },
  function moveNode(tree, random) {
    const node = random.pick(nodeNames(tree));
    const rack = random.below(3);
    put(tree, 'nodelist', node, { groups: `rack${rack},room${rack % 2},profile${random.below(2)},compute,all` });
    return `move ${node} to rack${rack}`;
  },
  function setState(tree, random) {
    const key = random.once(3) ? random.pick(['profile0', 'profile1']) : random.pick(nodeNames(tree));
    const state = random.pick(['statelite', 'statelite', 'boot', 'shell', 'offline']);
    put(tree, 'chain', key, { currstate: state });
    return `nodeset ${key} ${state}`;
  },
  function releaseState(tree, random) {
    const node = random.pick(nodeNames(tree));
    return drop(tree, 'chain', node) ? `${node} follows its group's state` : undefined;
  },
  function setServer(tree, random) {
    const node = random.pick(nodeNames(tree));
    put(tree, 'noderes', node, { nfsserver: random.pick(['10.0.0.1', 'cnfs', '10.0.0.3', '']) });
    return `image server of ${node}`;
  },
  function setImage(tree, random) {
    const node = random.pick(nodeNames(tree));
    const image = random.pick(read(tree, 'osimage').rows);
    const columns = read(tree, 'osimage');
    put(tree, 'nodetype', node, {
      os: image[columns.at('osvers')] ?? '',
      arch: image[columns.at('osarch')] ?? '',
      profile: image[columns.at('profile')] ?? '',
      provmethod: image[0] ?? '',
    });
    return `image of ${node}`;
  },
  function setKernelWords(tree, random) {
    if (random.once(2)) {
      const image = random.pick(read(tree, 'linuximage').rows)[0] ?? '';
      put(tree, 'linuximage', image, { addkcmdline: random.pick(['', 'quiet', 'selinux=0 panic=10']) });
      return `kernel words of ${image}`;
    }
    const node = random.pick(nodeNames(tree));
    put(tree, 'bootparams', node, { addkcmdline: `word=${random.below(100)}` });
    return `kernel words of ${node}`;
  },
  function setConsole(tree, random) {
    put(tree, 'nodehm', random.pick([...nodeNames(tree), 'rack0', 'all']), {
      serialport: random.pick(['0', '1']),
      serialspeed: random.pick(['9600', '115200']),
    });
    return 'console';
  },
  function setMac(tree, random) {
    const node = random.pick(nodeNames(tree));
    const mac = `52:54:01:${[0, 0, 0].map(() => random.below(256).toString(16).padStart(2, '0')).join(':')}`;
    put(tree, 'mac', node, { mac });
    return `new network card for ${node}`;
  },
  function setAddress(tree, random) {
    const node = random.pick(nodeNames(tree));
    if (random.once(2)) return drop(tree, 'hosts', node) ? `${node} follows the address pattern` : undefined;
    put(tree, 'hosts', node, { ip: `10.9.${Number(node.slice(1)) % 250}.${random.below(200) + 1}` });
    return `address of ${node}`;
  },
  function setLitefile(tree, random) {
    const table = read(tree, 'litefile');
    const image = random.once(3) ? (random.pick(read(tree, 'osimage').rows)[0] ?? 'ALL') : 'ALL';
    const file = random.pick([
      '/etc/motd',
      '/etc/issue',
      '/etc/hosts.allow',
      '/var/lib/x',
      '/var/site/',
      '/var/log/',
      '/etc/ntp.conf',
    ]);
    const options = random.pick(['', 'tmpfs', 'ro', 'persistent', 'bind', ...(file.endsWith('/') ? [] : ['con'])]);
    const rest = table.rows.filter((row) => !(row[0] === image && row[1] === file));
    const removed = rest.length < table.rows.length && random.once(2);
    table.save(removed ? rest : [...rest, rowOf(table.columns, { image, file, options })]);
    return `litefile ${removed ? 'without' : 'with'} ${image} ${file}`;
  },
  function setLitetree(tree, random) {
    const priority = random.pick(['1.5', '4', '5', '10']);
    if (random.once(3)) return drop(tree, 'litetree', priority) ? `litetree without ${priority}` : undefined;
    const directory = random.pick([
      'cnfs:/gpfs/dallas/',
      '10.0.0.1:/syncdirs/common',
      '$noderes.nfsserver:/syncdirs/rack/rack$nodepos.rack',
      'cnfs:/sites/$site.domain/$node',
    ]);
    put(tree, 'litetree', priority, { directory });
    return `litetree ${priority} ${directory}`;
  },
  function setStatelite(tree, random) {
    const key = random.pick([...nodeNames(tree), 'room0', 'room1', 'all']);
    if (!/^(all|room\d)$/.test(key) && random.once(2))
      return drop(tree, 'statelite', key) ? `state of ${key} follows` : undefined;
    put(tree, 'statelite', key, {
      statemnt: random.pick(['cnfs:/gpfs/state', '$noderes.nfsserver:/lite/state', '10.0.0.1:/lite/other']),
    });
    return `state of ${key}`;
  },
  function setSite(tree, random) {
    put(tree, 'site', 'domain', { value: random.pick(['cluster.example', 'lab.example']) });
    if (random.once(2)) put(tree, 'site', 'xcatdport', { value: random.pick(['3001', '3011']) });
    return 'site';
  },
  function switchRow(tree, random) {
    const name = random.pick(['litetree', 'litefile', 'noderes', 'nodehm']);
    const table = read(tree, name);
    if (table.rows.length === 0) return undefined;
    const row = random.pick(table.rows);
    if (row[0] === 'all') return undefined;
    const at = table.at('disable');
    row[at] = row[at] === '1' ? '' : '1';
    table.save();
    return `switch a row of ${name}`;
  },
  function reorder(tree, random) {
    const name = random.pick(['nodelist', 'mac', 'noderes']);
    const table = read(tree, name);
    const first = table.rows.shift();
    if (first === undefined) return undefined;
    table.rows.push(first);
    table.save();
    return `reorder ${name}, which changes nothing`;
  },
  function comment(tree, random) {
    const table = read(tree, 'site');
    const row = random.pick(table.rows);
    row[table.at('comments')] = `"quoted", and ${random.below(9)}`;
    table.save();
    return 'a comment';
  },
  function writeOverlay(tree, random) {
    const place = random.pick([
      'common',
      `rack/rack${random.below(3)}`,
      `node/${random.pick(nodeNames(tree))}`,
      'hall0/debian12/x86_64/compute0',
    ]);
    const path = `syncdirs/${place}/${random.pick(overlayNames)}`;
    clear(tree, path);
    tree.set(path, text(`content ${random.below(50)}\n`));
    return `overlay ${path}`;
  },
  function changeOverlay(tree, random) {
    const all = overlays(tree);
    if (all.length === 0) return undefined;
    const path = random.pick(all);
    const old = tree.get(path);
    if (old === undefined || old.mode === '120000') return undefined;
    tree.set(path, { text: `${old.text}more\n`, mode: old.mode });
    return `change ${path}`;
  },
  function removeOverlay(tree, random) {
    const all = overlays(tree);
    if (all.length === 0) return undefined;
    const path = random.pick(all);
    tree.delete(path);
    return `remove ${path}`;
  },
  function removeOverlayFolder(tree, random) {
    const all = overlays(tree);
    if (all.length === 0 || !random.once(3)) return undefined;
    const folder = random.pick(all).split('/').slice(0, 3).join('/');
    for (const path of all) if (path.startsWith(`${folder}/`)) tree.delete(path);
    return `remove folder ${folder}`;
  },
  function switchMode(tree, random) {
    const all = overlays(tree);
    if (all.length === 0) return undefined;
    const path = random.pick(all);
    const old = tree.get(path);
    if (old === undefined || old.mode === '120000') return undefined;
    tree.set(path, { text: old.text, mode: old.mode === '100644' ? '100755' : '100644' });
    return `mode of ${path}`;
  },
  function linkOverlay(tree, random) {
    const path = `syncdirs/common/etc/${random.pick(['motd', 'link'])}`;
    clear(tree, path);
    tree.set(path, { text: random.pick(['issue', 'site/a']), mode: '120000' });
    return `link ${path}`;
  },
  function fileBecomesFolder(tree, random) {
    const path = 'syncdirs/common/etc/site';
    const isFile = tree.has(path);
    clear(tree, path);
    tree.delete(path);
    if (isFile) tree.set(`${path}/a`, text(`below ${random.below(9)}\n`));
    else tree.set(path, text('now a file\n'));
    return `${path} becomes a ${isFile ? 'folder' : 'file'}`;
  },
  function setAttributes(tree, random) {
    const lines = ['#path,owner,group,mode', '"syncdirs/**","0","0",'];
    if (random.once(2)) lines.push(`"syncdirs/common/**",,,"${random.pick(['600', '644', '750'])}"`);
    const all = overlays(tree).filter((path) => tree.get(path)?.mode !== '120000' && !path.includes('"'));
    if (all.length > 0 && random.once(2))
      lines.push(`"${random.pick(all)}","0","0","${random.pick(['600', '640', '444'])}"`);
    tree.set('attributes.csv', text(`${lines.join('\n')}\n`));
    return 'attributes';
  },
];

/** Edits after which no safe output is possible: the push has to be refused. */
export const invalidEdits: readonly Edit[] = [
  function unclosedQuote(tree) {
    const old = tree.get('tables/litetree.csv');
    if (old === undefined) return undefined;
    tree.set('tables/litetree.csv', text(`${old.text}"99,,"10.0.0.1:/x\n`));
    return 'INVALID: a quote that never ends';
  },
  function unknownOption(tree) {
    const table = read(tree, 'litefile');
    table.save([...table.rows, rowOf(table.columns, { image: 'ALL', file: '/etc/nosuch', options: 'persistant' })]);
    return 'INVALID: an unknown option';
  },
  function relativePath(tree) {
    const table = read(tree, 'litefile');
    table.save([...table.rows, rowOf(table.columns, { image: 'ALL', file: 'etc/relative' })]);
    return 'INVALID: a path that is not absolute';
  },
  function surplusCells(tree) {
    const old = tree.get('tables/noderes.csv');
    if (old === undefined) return undefined;
    tree.set('tables/noderes.csv', text(`${old.text}"x","1","2","3","4","5","6","7","8","9","10","11"\n`));
    return 'INVALID: too many cells';
  },
  function duplicateKey(tree, random) {
    const table = read(tree, 'nodelist');
    table.save([...table.rows, random.pick(table.rows)]);
    return 'INVALID: a node twice';
  },
];
