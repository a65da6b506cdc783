/** All that is planned for one node's boot, as plain data: the shape of `GET /nodes/{node}/boot`, from which doctor works. */
import { z } from 'zod';

const from = z.string().describe('Row that it comes from: file:line');
const cell = z.strictObject({ text: z.string(), from });
const target = z.string().optional().describe('Which host of ours it is: mn, or a service node; none: not one of ours');

const listener = z.strictObject({ host: z.string(), port: z.int() });

const mount = {
  server: z.string().optional().describe('As the table names it'),
  address: z.string().optional().describe('Its address, where the hosts table knows one'),
  path: z.string(),
  options: z.string().optional(),
  target,
  from,
};

export const nodeBoot = z.strictObject({
  node: z.string(),
  from,
  applied: z.string().describe('The commit in effect'),
  currstate: cell.optional(),
  state: z.string().optional().describe('statelite, shell, boot, offline; none: no boot files'),
  netboot: cell.optional(),
  problems: z.array(z.strictObject({ code: z.string(), message: z.string(), mend: z.string(), from: from.optional() })),
  addresses: z.array(z.strictObject({ address: z.string(), nodes: z.array(z.string()).describe('Who has it') })),
  macs: z
    .array(z.strictObject({ mac: z.string(), hostname: z.string().optional() }))
    .describe('Those that get an address'),
  macFrom: from.optional(),
  image: z
    .strictObject({ name: z.string(), kind: z.enum(['external', 'built']), generation: z.string(), from })
    .optional(),
  waiting: z
    .strictObject({
      image: z.string().optional(),
      artifacts: z.array(z.string()),
      behind: z.string().optional().describe('The node that has its file or address still'),
      keeps: z.string().optional().describe('The commit whose set it has meanwhile'),
    })
    .optional(),
  answer: z
    .strictObject({ status: z.int(), reason: z.string().optional() })
    .describe('What it is told, if it asked now'),
  master: z.strictObject({ address: z.string(), port: z.int(), target }).optional(),
  persistent: z.int().describe('How many entries of the image are persistent'),
  listeners: z
    .strictObject({ node: listener, tftp: listener.optional().describe('None: another serves the files') })
    .optional()
    .describe('Where this server really listens; none: no server runs'),
  reloads: z.boolean().describe('Whether services are told after their files changed'),
  roots: z.record(z.string(), z.string()).describe('Directory behind each root, on the management node'),
  installdir: z.string(),
  dhcp: z.strictObject({
    network: z
      .strictObject({ name: z.string(), client: z.string(), server: z.string().optional(), from })
      .optional()
      .describe('The row of networks that holds its address'),
    served: z.boolean().describe('Whether the dnsmasq plugin writes the reservations'),
    replies: z.array(
      z.strictObject({
        mac: z.string(),
        address: z.string(),
        next: z.string().optional().describe('next-server'),
        file: z.string().optional().describe('Boot file'),
      }),
    ),
  }),
  tftp: z.strictObject({
    server: z.strictObject({ address: z.string(), target, from }).optional(),
    loader: z.enum(['pxelinux', 'yaboot']).optional().describe('Whose boot file the plan has for it'),
    asked: z.array(
      z.strictObject({
        name: z.string(),
        node: z.string().optional().describe('Whose file the plan has under that name'),
      }),
    ),
    text: z.string().optional().describe('Its boot file'),
  }),
  exports: z.array(
    z.strictObject({
      file: z.string().describe('Below root exports'),
      blob: z.string().describe("git's id of its content"),
      lines: z
        .array(
          z.strictObject({
            path: z.string().describe('On the disk'),
            pseudo: z.string().optional().describe('What nodes ask for, where the file has both'),
            client: z.string(),
            mode: z.enum(['ro', 'rw']),
          }),
        )
        .describe('What it exports to addresses of this node'),
    }),
  ),
  imageServer: z.strictObject({ address: z.string(), target }).optional(),
  trees: z.array(z.strictObject({ ...mount, priority: z.string(), ours: z.boolean(), present: z.boolean() })),
  statemnt: z.strictObject(mount).optional(),
});

export type NodeBootFacts = z.output<typeof nodeBoot>;
