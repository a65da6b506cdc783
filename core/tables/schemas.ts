/** The tables that litehouse knows, with all columns of the original's, so that its dumps drop in unchanged. */
import type { TableSchema } from './schema.ts';

type Facts = Pick<TableSchema, 'about'> & {
  readonly key: string;
  readonly columns: string;
  /** Without the key, which is always used. */
  readonly used: string;
  readonly keyedBy?: 'literal';
  readonly secret?: string;
};

/** Columns in the order of the original's dumps; `comments` and `disable` end every table and are added here. */
const facts: Readonly<Record<string, Facts>> = {
  bootparams: {
    about:
      'A row gives a node or group words for its kernel line; the other columns are values that the original derives.',
    key: 'node',
    columns: 'node kernel initrd kcmdline addkcmdline dhcpstatements adddhcpstatements',
    used: 'addkcmdline',
  },
  chain: {
    about: 'A row says what a node or group does at its next boot: statelite, boot, shell or offline.',
    key: 'node',
    columns: 'node currstate currchain chain ondiscover',
    used: 'currstate',
  },
  hosts: {
    about: 'A row gives the addresses of a node or server.',
    key: 'node',
    columns: 'node ip hostnames otherinterfaces',
    used: 'ip hostnames otherinterfaces',
  },
  linuximage: {
    about: 'A row says from what a Linux image is built.',
    key: 'imagename',
    keyedBy: 'literal',
    columns:
      // The last four are ours: whether litehouse builds the image, which initrd, what is added, whether scripts may use the network.
      'imagename template boottarget addkcmdline pkglist pkgdir otherpkglist otherpkgdir exlist postinstall rootimgdir kerneldir nodebootif otherifce netdrivers kernelver krpmver permission dump crashkernelsize partitionfile driverupdatesrc usercomment build initrd addons scriptnetwork',
    used: 'template addkcmdline pkglist pkgdir otherpkglist otherpkgdir exlist postinstall rootimgdir kerneldir nodebootif otherifce netdrivers kernelver krpmver permission driverupdatesrc build initrd addons scriptnetwork',
  },
  litefile: {
    about: 'A row makes one file or directory of an image writable, persistent, concatenated or a read-only overlay.',
    key: 'image file',
    keyedBy: 'literal',
    columns: 'image file options',
    used: 'options',
  },
  litetree: {
    about: 'A row names a directory, on a server, where nodes look for the content of their litefile entries.',
    // The original's key is the priority alone, so that two images could not each have a priority 1; here only an exact repeat is refused.
    key: 'priority image directory',
    keyedBy: 'literal',
    columns: 'priority image directory mntopts',
    used: 'mntopts',
  },
  mac: {
    about: 'A row gives the hardware addresses that a node boots from.',
    key: 'node',
    columns: 'node interface mac',
    used: 'interface mac',
  },
  networks: {
    about: 'A row describes one network and the servers that nodes in it use.',
    key: 'netname',
    keyedBy: 'literal',
    columns:
      'netname net mask mgtifname gateway dhcpserver tftpserver nameservers ntpservers logservers dynamicrange staticrange staticrangeincrement nodehostname ddnsdomain vlanid domain mtu',
    used: 'net mask mgtifname gateway dhcpserver tftpserver nameservers ntpservers dynamicrange domain mtu',
  },
  nodegroup: {
    about: 'A row defines a group that nodelist does not: dynamic, by an attribute test, or empty.',
    key: 'groupname',
    keyedBy: 'literal',
    columns: 'groupname grouptype members membergroups wherevals',
    used: 'grouptype members membergroups wherevals',
  },
  nodehm: {
    about: 'A row says how the hardware of a node or group is controlled; litehouse reads its serial console.',
    key: 'node',
    columns:
      'node power mgt cons termserver termport conserver serialport serialspeed serialflow getmac cmdmapping consoleondemand consoleenabled',
    used: 'mgt cons serialport serialspeed serialflow',
  },
  nodelist: {
    about: 'A row makes a node, and names its groups in the order in which they are asked for values.',
    key: 'node',
    columns:
      'node groups status statustime appstatus appstatustime primarysn hidden updatestatus updatestatustime zonename',
    used: 'groups',
  },
  nodepos: {
    about: 'A row says where a node stands.',
    key: 'node',
    columns: 'node rack u chassis slot room height',
    used: 'rack u chassis slot room height',
  },
  noderes: {
    about: 'A row says which servers and interfaces a node or group uses, and which boot loader.',
    key: 'node',
    columns:
      'node servicenode netboot tftpserver tftpdir nfsserver monserver nfsdir installnic primarynic discoverynics cmdinterface xcatmaster current_osimage next_osimage nimserver routenames nameservers proxydhcp syslog',
    used: 'servicenode netboot tftpserver tftpdir nfsserver nfsdir installnic primarynic xcatmaster nameservers proxydhcp syslog',
  },
  nodetype: {
    about: 'A row gives a node or group its operating system, architecture, profile and image.',
    key: 'node',
    columns: 'node os arch profile provmethod supportedarchs nodetype',
    used: 'os arch profile provmethod',
  },
  osimage: {
    about: 'A row defines an image: what it is an image of, and how it reaches nodes.',
    key: 'imagename',
    keyedBy: 'literal',
    columns:
      'imagename groups profile imagetype description provmethod rootfstype nfsrootopts osdistroname osupdatename cfmdir osname osvers osarch synclists postscripts postbootscripts serverrole isdeletable kitcomponents environvar usercomment',
    used: 'groups profile imagetype provmethod rootfstype nfsrootopts osname osvers osarch synclists',
  },
  passwd: {
    about: 'A row gives the password hash of a user of a part of the system; system and root feed /etc/shadow.',
    key: 'key username',
    keyedBy: 'literal',
    columns: 'key username password cryptmethod authdomain',
    used: 'password cryptmethod',
    secret: 'password',
  },
  policy: {
    about: 'A row allows or denies requests; the first row that matches decides, by priority.',
    key: 'priority',
    keyedBy: 'literal',
    columns: 'priority name host commands noderange parameters time rule',
    used: 'name host commands noderange parameters time rule',
  },
  servicenode: {
    about: 'A row makes a node or group a service node and says what it serves.',
    key: 'node',
    columns:
      'node nameserver dhcpserver tftpserver nfsserver conserver monserver ldapserver ntpserver ftpserver nimserver ipforward dhcpinterfaces proxydhcp',
    used: 'nameserver dhcpserver tftpserver nfsserver ntpserver ftpserver ipforward dhcpinterfaces proxydhcp',
  },
  site: {
    about: 'A row sets one value for the whole cluster.',
    key: 'key',
    keyedBy: 'literal',
    columns: 'key value',
    used: 'value',
  },
  statelite: {
    about: 'A row says where the persistent files of a node or group live.',
    key: 'node image',
    columns: 'node image statemnt mntopts',
    used: 'statemnt mntopts',
  },
};

/** The tables that litehouse reads, by name. A plugin adds its own beside them. */
export const schemas: ReadonlyMap<string, TableSchema> = new Map(
  Object.entries(facts).map(([name, table]) => [name, schemaOf(name, table)]),
);

function schemaOf(name: string, table: Facts): TableSchema {
  const key = table.key.split(' ');
  return {
    name,
    columns: [...table.columns.split(' '), 'comments', 'disable'],
    key,
    keyedBy: table.keyedBy ?? 'node',
    used: [...key, ...table.used.split(' '), 'disable'],
    ...(table.secret === undefined ? {} : { secret: table.secret.split(' ') }),
    about: table.about,
  };
}

/** Other tables of the original: kept in the repository without a warning, never read. */
export const knownTables: ReadonlySet<string> = new Set(
  `auditlog boottarget cfgmgt deps discoverydata domain eventlog firmware hwinv hypervisor ipmi iscsi isnm_config kit
  kitcomponent kitrepo kvm_masterdata kvm_nodedata mic monitoring monsetting mp mpa nics nimimage notification openbmc
  osdistro osdistroupdate pdu pduoutlet performance postscripts ppc ppcdirect ppchcp prescripts prodkey rack routes
  storage switch switches taskstate token virtsd vm vmmaster vpd websrv winimage zone zvm zvmivp`.split(/\s+/),
);

/** Columns of those other tables that hold secrets: messages never quote from such a table, and a check can look at them. */
export const otherSecrets: ReadonlyMap<string, readonly string[]> = new Map([
  ['domain', ['adminpassword']],
  ['ipmi', ['password']],
  ['iscsi', ['passwd']],
  ['mpa', ['password']],
  ['openbmc', ['password']],
  ['pdu', ['password', 'community', 'authkey', 'privkey']],
  ['ppcdirect', ['password']],
  ['ppchcp', ['password']],
  ['prodkey', ['key']],
  ['storage', ['password']],
  ['switch', ['password']],
  ['switches', ['password', 'privkey', 'authkey', 'snmppassword', 'snmpprivacy', 'sshpassword']],
  ['token', ['tokenid']],
  ['virtsd', ['password']],
  ['vm', ['vidpassword']],
  ['websrv', ['password']],
]);

/** Names that columns with secrets have in the tables that are known: what they are taken for in a table that nobody declared. */
const secretName = /passw|secret|privkey|authkey|^community$|^tokenid$/i;

/** Whether a column holds secrets, declared or by its name. `schema`: a plugin's, for a table of its own. */
export function holdsSecrets(table: string, column: string, schema?: TableSchema): boolean {
  const known = schema ?? schemas.get(table);
  if (known !== undefined) return known.secret?.includes(column) === true;
  return otherSecrets.get(table)?.includes(column) === true || secretName.test(column);
}

/** The header of a new file of a table, in dump style. */
export function headerOf(schema: TableSchema): string {
  return `#${schema.columns.join(',')}`;
}
