/** Shapes of what the admin listener answers as JSON: the OpenAPI document is made from them, and tests hold answers against them. */
import { z } from 'zod';

const commit = z.string().describe('Object id of a commit, 40 hex digits');
const time = z.string().describe('ISO 8601, UTC');
const nodes = z.string().describe('Node names, folded: n[01-10],mn');
const from = z.string().describe('Row that it comes from: file:line');

export const failure = z.strictObject({ error: z.string(), mend: z.string().optional() });

const record = z
  .strictObject({
    commit,
    pusher: z
      .string()
      .optional()
      .describe('Name of a token, or anonymous@ADDRESS; none where it was found on the branch'),
    via: z.enum(['http', 'ssh', 'file', 'found']).optional(),
    receivedAt: time,
    checkedAt: time.optional(),
    appliedAt: time.optional().describe('Since when it is, or was last, in effect'),
    failed: z.string().optional().describe('Why it is not in effect'),
    summary: z
      .strictObject({ written: z.int(), removed: z.int(), milliseconds: z.int() })
      .optional()
      .describe('What it took to come into effect'),
    again: z
      .strictObject({ at: time, written: z.int(), removed: z.int(), milliseconds: z.int() })
      .optional()
      .describe('What was done when it was last applied once more: by a restart, a repair, or a build that ended'),
  })
  .describe('What became of a commit');

const held = z
  .array(z.strictObject({ root: z.string(), path: z.string(), line: z.string(), nodes: z.array(z.string()) }))
  .describe(
    'Lines of shared files, and published trees, that stay for nodes that run with them, until they boot again or are released',
  );

const boots = z
  .strictObject({
    commit,
    nodes: z.int().describe('Nodes that would be told its set now'),
    booted: z.int().describe('Those of them whose last whole boot named it'),
    running: z.int().describe('All nodes whose last whole boot named it'),
  })
  .describe('How far a commit came on the nodes');

export const status = z.strictObject({
  head: commit.optional().describe('What the branch points at'),
  applied: commit.optional().describe('What is in effect'),
  record: record.optional(),
  state: z.enum([
    'no commit yet',
    'applied',
    'applied, waiting',
    'applied, blocked',
    'applied, image lost',
    'applying',
    'refused',
    'failed',
  ]),
  problem: z.string().optional().describe('What somebody has to do'),
  nodes: z.int(),
  waiting: z.array(z.strictObject({ image: z.string().optional(), why: z.string(), nodes: z.array(z.string()) })),
  builds: z.array(
    z.strictObject({
      id: z.string(),
      state: z.string(),
      detail: z.string().describe('Why it failed, or the last line of its log'),
      progress: z.number().optional().describe('From 0 to 1'),
      since: time.optional().describe('When the build under way began'),
      log: z.string().optional().describe('File with the whole log, on the server'),
    }),
  ),
  asked: z.array(z.string()).describe('Images that are built because somebody asked for them by name'),
  external: z.array(z.string()).describe("Images that are the administrator's own"),
  blocked: z.array(z.strictObject({ root: z.string(), path: z.string(), what: z.string() })),
  needsRoot: z.int(),
  skippedReloads: z.array(z.string()),
  warnings: z.int(),
  held,
  live: z
    .array(
      z.strictObject({
        image: z.string(),
        files: z.int(),
        generations: z.int().describe('How many are on the disk'),
        problems: z.array(z.string()).describe('What could not be laid, where and why'),
      }),
    )
    .describe('Live files of images, as the last apply left them'),
  boots: z.array(boots).describe('Commits that nodes have sets of, the one in effect first'),
});

export const history = z.array(
  z.strictObject({
    oid: commit,
    parents: z.array(commit),
    author: z.string(),
    authorEmail: z.string(),
    authoredAt: time,
    committer: z.string(),
    committedAt: time,
    subject: z.string(),
    body: z.string(),
    record: record.optional(),
    boots: boots.optional(),
  }),
);

const diagnostic = z.strictObject({
  code: z.string(),
  severity: z.enum(['error', 'warning']),
  file: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
  message: z.string(),
  mend: z.string(),
  nodes: nodes.optional(),
  nodeCount: z.int().optional(),
});

const diff = z.strictObject({
  from: commit.nullable(),
  to: commit.nullable(),
  paths: z.array(
    z.strictObject({
      root: z.string(),
      path: z.string(),
      change: z.enum(['add', 'change', 'remove']),
      kind: z.string(),
      plugin: z.string(),
      node: z.string().optional(),
    }),
  ),
  nodes: z.array(z.strictObject({ what: z.string(), why: z.string().optional(), nodes, nodeCount: z.int() })),
  builds: z.array(z.strictObject({ id: z.string(), name: z.string(), nodes })),
  live: z
    .array(
      z.strictObject({
        image: z.string(),
        added: z.array(z.string()),
        changed: z.array(z.string()),
        removed: z.array(z.string()),
        generations: z.int().optional().describe('How many are on the disk, where that is known'),
      }),
    )
    .describe('Files of images that running nodes see change'),
});

export const diagnostics = z.strictObject({
  commit: commit.optional(),
  ok: z.boolean(),
  diagnostics: z.array(diagnostic),
});

export const plan = diagnostics.extend({
  diff: diff.optional().describe('None where errors left nothing to plan'),
  held: held.optional(),
});

export const drift = z.strictObject({
  drift: z.array(
    z.strictObject({ plugin: z.string(), root: z.string(), path: z.string(), what: z.string(), detail: z.string() }),
  ),
});

export const reconciled = z.strictObject({
  commit: commit.optional(),
  changed: z.boolean(),
  ok: z.boolean(),
  without: z.number().optional().describe('Paths that are blocked or could not be laid though the commit is in effect'),
  lines: z.array(z.string()).describe('For people: what was applied, or why not'),
});

export const applyRequest = z.strictObject({
  adopt: z.array(z.string()).optional().describe('Blocked paths to take over, as ROOT:PATH'),
  repair: z.boolean().optional().describe('Mend what differs on the disk'),
  retryBuilds: z.boolean().optional().describe('Try again what failed to build'),
});

const summary = {
  name: z.string(),
  state: z.string().optional(),
  addresses: z.array(z.string()),
  problems: z.int().describe('How many things keep it from having boot files'),
};

export const nodeList = z.array(
  z.strictObject({
    ...summary,
    image: z.string().optional(),
    waiting: z.boolean().describe('It keeps its previous set'),
  }),
);

const mount = { mount: z.string(), options: z.string().optional(), from };

export const node = z.strictObject({
  ...summary,
  from,
  groups: z.array(z.string()),
  macs: z.array(z.string()),
  netboot: z.string().optional(),
  imageServer: z.string().optional(),
  master: z.string().optional(),
  waiting: z
    .looseObject({ node: z.string(), image: z.string().optional() })
    .optional()
    .describe('Whom or what it waits for, and whose set it keeps'),
  problems: z.array(z.strictObject({ code: z.string(), message: z.string(), mend: z.string() })),
  image: z.strictObject({ name: z.string(), generation: z.string(), from }).optional(),
  statemnt: z.strictObject(mount).optional(),
  litetree: z.array(
    z.strictObject({ ...mount, priority: z.string().describe('As the row has it'), ours: z.boolean() }),
  ),
  litefile: z.array(z.strictObject({ path: z.string(), options: z.string(), from })),
});

/** Shaped by the question; what it has is described where it is made (core/explain). */
export const explanation = z.looseObject({});

const nodeBoot = {
  node: z.string(),
  standing: z.enum(['current', 'older commit', 'older generation', 'failed', 'booting', 'never seen', 'not due']),
  stage: z.string().optional().describe('The last thing that the node said: booting, booted, failed, …'),
  at: time.optional().describe('When it said so'),
  boots: z.int(),
  commit: z.string().optional().describe('What it booted, or boots'),
  generation: z.string().optional(),
  booted: time.optional().describe('When it last booted as a whole'),
  now: z
    .strictObject({ commit: z.string(), generation: z.string() })
    .optional()
    .describe('What it would be told if it booted now; none where that is a refusal'),
};

export const reports = z.strictObject({
  applied: z.string().optional().describe('The commit in effect'),
  nodes: z.array(z.strictObject(nodeBoot)),
  missed: z.array(z.string()).describe('Names in the noderange that are neither a node nor a group'),
});

export const nodeReport = z.strictObject({ ...nodeBoot, log: z.string().optional() });
