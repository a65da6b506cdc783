/** Makes the config repository of a cluster of any size, realistic and the same for the same seed, in time linear in its nodes. */
import { type Random, seeded } from './random.ts';
import { tableRows, tableText } from './rows.ts';

export interface ClusterOptions {
  readonly nodes: number;
  readonly seed: number;
  /** Groups that each node is in, at least 5 (rack, room, profile, compute, all). */
  readonly groupsPerNode?: number;
  readonly images?: number;
  /** Default: one for 40 nodes. */
  readonly racks?: number;
  /** Overlay files below syncdirs. */
  readonly overlays?: number;
  /** `pattern`: one hosts row serves all nodes; `rows`: each node has its own. */
  readonly hosts?: 'pattern' | 'rows';
}

/** Path in the repository to text. */
export type ClusterFiles = Map<string, string>;

/** The management node of every generated cluster. */
export const masterAddress = '10.0.0.1';

/** The cookbook's Red Hat list, with a few of the options that sites add to it; with /var/run as a link, Debian's systemd would not start. */
const litefilePaths: readonly (readonly [path: string, options?: string])[] = [
  ['/etc/adjtime'],
  ['/etc/fstab'],
  ['/etc/inittab'],
  ['/etc/lvm/.cache'],
  ['/etc/mtab'],
  ['/etc/motd', 'ro'],
  ['/etc/ntp.conf'],
  ['/etc/ntp.conf.predhclient'],
  ['/etc/resolv.conf'],
  ['/etc/resolv.conf.predhclient'],
  ['/etc/ssh/'],
  ['/etc/hosts.allow', 'con'],
  ['/tmp/'],
  ['/var/account/'],
  ['/var/arpwatch'],
  ['/var/cache/alchemist'],
  ['/var/cache/foomatic/'],
  ['/var/cache/logwatch/'],
  ['/var/cache/man/'],
  ['/var/cache/mod_ssl/'],
  ['/var/cache/mod_proxy/'],
  ['/var/cache/php-pear/'],
  ['/var/cache/systemtap/'],
  ['/var/empty/'],
  ['/var/db/nsd/'],
  ['/var/gdm/'],
  ['/var/lib/dav/'],
  ['/var/lib/dhcp/'],
  ['/var/lib/dhclient/'],
  ['/var/lib/php/'],
  ['/var/lib/scsi/'],
  ['/var/lib/ups/'],
  ['/var/lib/random-seed', 'persistent'],
  ['/var/lib/iscsi'],
  ['/var/lib/logrotate.status'],
  ['/var/lib/ntp/'],
  ['/var/lock/'],
  ['/var/log/', 'bind'],
  ['/var/run/', 'bind'],
  ['/var/tmp/'],
  ['/opt/xcat/'],
  ['/xcatpost/'],
];

/** The name of node number `i`; all names of one cluster have the same width. */
export function nodeName(i: number, nodes: number): string {
  return `n${String(i).padStart(Math.max(4, String(nodes).length), '0')}`;
}

/** The address of node number `i`: what the pattern row gives, too. 250 to a subnet, 62,500 to a second octet, from 10.1 on. */
export function nodeAddress(i: number): string {
  return `10.${Math.floor(i / 62500) + 1}.${Math.floor(i / 250) % 250}.${(i % 250) + 1}`;
}
const addressPattern = '|n(\\d+)|10.($1/62500+1).($1/250%250).($1%250+1)|';

export function nodeMac(i: number): string {
  const hex = i.toString(16).padStart(6, '0');
  return `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
}

interface ImageFacts {
  readonly name: string;
  readonly os: string;
  readonly profile: string;
}

/** The whole repository: tables, attributes, package lists, overlays. */
export function generateCluster(options: ClusterOptions): ClusterFiles {
  const random = seeded(options.seed);
  const racks = options.racks ?? Math.max(1, Math.ceil(options.nodes / 40));
  const rooms = Math.max(2, Math.ceil(racks / 50));
  const images: ImageFacts[] = Array.from({ length: options.images ?? 3 }, (_, k) => {
    const os = k % 2 === 0 ? 'debian12' : 'rhels5.4';
    return { name: `${os}-x86_64-statelite-compute${k}`, os, profile: `compute${k}` };
  });
  const nodes = Array.from({ length: options.nodes }, (_, k) => nodeName(k + 1, options.nodes));
  const rackOf = (i: number) => Math.floor((i * racks) / Math.max(1, options.nodes));
  const files: ClusterFiles = new Map();
  const table = (name: string, columns: string, rows: Iterable<readonly string[]>) =>
    files.set(`tables/${name}.csv`, tableText(`${columns},comments,disable`.split(','), rows));

  const extraGroups = Math.max(0, (options.groupsPerNode ?? 5) - 5);
  table(
    'nodelist',
    'node,groups',
    nodes.map((node, i) => {
      const rack = rackOf(i);
      const groups = [`rack${rack}`, `room${rack % rooms}`, `profile${rack % images.length}`];
      for (let k = 0; k < extraGroups; k++) groups.push(`team${k}x${random.below(20)}`);
      return [node, [...groups, 'compute', 'all'].join(','), '', ''];
    }),
  );
  table('nodegroup', 'groupname,grouptype,members,wherevals', []);
  table('nodepos', 'node,rack,u,chassis,slot,room', [
    ['compute', '', '|n(\\d+)|($1%40+1)|', '', '', '', '', ''],
    ...Array.from({ length: racks }, (_, k) => [`rack${k}`, String(k), '', '', '', '', '', '']),
    ...Array.from({ length: rooms }, (_, k) => [`room${k}`, '', '', '', '', `hall${k}`, '', '']),
  ]);
  table('noderes', 'node,servicenode,netboot,tftpserver,nfsserver,nfsdir,xcatmaster', [
    ['all', '', 'pxe', '', masterAddress, '', masterAddress, '', ''],
    // One node in a hundred is served by another machine.
    ...nodes.filter(() => random.once(100)).map((node) => [node, '', '', '', 'cnfs', '', '', '', '']),
  ]);
  table(
    'nodetype',
    'node,os,arch,profile,provmethod',
    images.map((image, k) => [`profile${k}`, image.os, 'x86_64', image.profile, image.name, '', '']),
  );
  table(
    'chain',
    'node,currstate',
    images.map((image, k) => [`profile${k}`, `statelite ${image.os}-x86_64-${image.profile}`, '', '']),
  );
  table(
    'mac',
    'node,interface,mac',
    nodes.map((node, i) => [node, 'eth0', nodeMac(i + 1), '', '']),
  );
  table('hosts', 'node,ip,hostnames,otherinterfaces', [
    ['mn', masterAddress, '', '', '', ''],
    ['cnfs', '10.0.0.2', '', '', '', ''],
    ...(options.hosts === 'rows'
      ? nodes.map((node, i) => [node, nodeAddress(i + 1), '', '', '', ''])
      : [['compute', addressPattern, '', '', '', '']]),
  ]);
  table('networks', 'netname,net,mask,mgtifname,gateway,dhcpserver,tftpserver,nameservers,dynamicrange,domain', [
    ['cluster', '10.0.0.0', '255.0.0.0', 'eth0', '', masterAddress, masterAddress, '', '', 'cluster.example', '', ''],
  ]);
  table('nodehm', 'node,serialport,serialspeed,serialflow', [['all', '0', '115200', 'hard', '', '']]);
  table('bootparams', 'node,kernel,initrd,kcmdline,addkcmdline,dhcpstatements,adddhcpstatements', []);
  table(
    'osimage',
    'imagename,groups,profile,imagetype,provmethod,rootfstype,osname,osvers,osarch',
    images.map((image) => [
      image.name,
      '',
      image.profile,
      'linux',
      'statelite',
      'nfs',
      'Linux',
      image.os,
      'x86_64',
      '',
      '',
    ]),
  );
  table(
    'linuximage',
    'imagename,addkcmdline,pkglist,postinstall,rootimgdir,nodebootif,netdrivers,permission',
    images.map((image) => [
      image.name,
      '',
      `/install/custom/netboot/${image.os.startsWith('rh') ? 'rh' : 'debian'}/compute.pkglist`,
      '',
      '',
      'eth0',
      '',
      '755',
      '',
      '',
    ]),
  );
  table(
    'litefile',
    'image,file,options',
    litefilePaths.map(([path, words]) => ['ALL', path, words ?? '', '', '']),
  );
  table('litetree', 'priority,image,directory', [
    ['1', '', '$noderes.nfsserver:/syncdirs/node/$node', '', ''],
    ['2', 'ALL', `${masterAddress}:/syncdirs/$nodepos.room/$nodetype.os/$nodetype.arch/$nodetype.profile`, '', ''],
    ['3', '', '$site.master:/syncdirs/rack/rack$nodepos.rack', '', ''],
    ['10', '', 'cnfs:/gpfs/dallas/', '', ''],
  ]);
  table('statelite', 'node,image,statemnt', [
    // Each node is in one room: a row for `all` besides would reach some nodes twice.
    ...Array.from({ length: rooms }, (_, k) => [
      `room${k}`,
      '',
      k === 1 ? '$noderes.nfsserver:/lite/state' : 'cnfs:/gpfs/state',
      '',
      '',
    ]),
  ]);
  table('site', 'key,value', [
    ['master', masterAddress, '', ''],
    ['domain', 'cluster.example', '', ''],
    ['installdir', '/install', '', ''],
    ['tftpdir', '/tftpboot', '', ''],
    ['xcatdport', '3001', '', ''],
  ]);
  table('policy', 'priority,name,host,commands,noderange,parameters,time,rule', [
    ['1', 'root', '', '', '', '', '', 'allow', '', ''],
    ['4.7', '', '', 'litefile', '', '', '', 'allow', '', ''],
    ['4.8', '', '', 'litetree', '', '', '', 'allow', '', ''],
  ]);
  table('servicenode', 'node,nameserver,dhcpserver,tftpserver,nfsserver', []);
  table('passwd', 'key,username,password', []);
  files.set('attributes.csv', '#path,owner,group,mode\n"syncdirs/**","0","0",\n');
  files.set('custom/netboot/rh/compute.pkglist', 'bash\nkernel\nnfs-utils\n');
  files.set('custom/netboot/debian/compute.pkglist', 'bash\nlinux-image-amd64\nnfs-common\n');
  addOverlays(files, options.overlays ?? 300, { random, nodes, racks, rooms, images });
  return files;
}

/** Each room has a motd for each image, so that the room's tree is there; the rest goes to racks and single nodes. */
function addOverlays(
  files: ClusterFiles,
  count: number,
  world: { random: Random; nodes: readonly string[]; racks: number; rooms: number; images: readonly ImageFacts[] },
): void {
  const { random, nodes, racks, rooms, images } = world;
  const names = [
    'etc/motd',
    'etc/hosts.allow',
    'etc/ntp.conf',
    'etc/resolv.conf',
    'etc/adjtime',
    'var/lib/ntp/drift',
    'etc/fstab',
  ];
  for (let room = 0; room < rooms; room++) {
    for (const image of images) {
      files.set(`syncdirs/hall${room}/${image.os}/x86_64/${image.profile}/etc/motd`, `Hall ${room}, ${image.name}.\n`);
    }
  }
  const folders = racks + nodes.length;
  for (let k = 0; k < count; k++) {
    const place = random.once(3)
      ? `rack/rack${random.below(racks)}`
      : nodes.length > 0
        ? `node/${random.pick(nodes)}`
        : 'rack/rack0';
    files.set(
      `syncdirs/${place}/${random.pick(names)}`,
      `file ${k} of ${folders} folders, ${random.below(1_000_000)}\n`,
    );
  }
}

export interface ChangedRow {
  readonly files: ClusterFiles;
  readonly path: string;
  readonly node: string;
}

/**
 * One row more (or another value in it): a word on the kernel line of one node, so exactly that node's boot file differs.
 * The map that is given stays as it is.
 */
export function changeOneRow(files: ReadonlyMap<string, string>, seed: number): ChangedRow {
  const path = 'tables/bootparams.csv';
  const text = files.get(path);
  const list = files.get('tables/nodelist.csv');
  if (text === undefined || list === undefined) throw new Error(`the cluster has no ${path} or no nodelist`);
  // Lines are picked without parsing all of them: with 100,000 nodes that would cost more than what is measured.
  const random = seeded(seed);
  const at = list.indexOf('\n', random.below(list.length - 120));
  const node = /^"([^"]+)"/.exec(list.slice(at + 1, at + 60))?.[1];
  if (node === undefined) throw new Error('the nodelist has no rows');
  const table = tableRows(text);
  const rows = table.rows.filter((row) => row[0] !== node);
  rows.push([node, '', '', '', `seed=${seed}`, '', '', '', '']);
  return { files: new Map(files).set(path, tableText(table.columns, rows)), path, node };
}
