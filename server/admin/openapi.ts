/** The OpenAPI 3.1 document of the admin listener. A test holds it against the routes, and the routes' answers against its schemas. */
import { z } from 'zod';
import { nodeBoot } from '../doctor/facts.ts';
import { editOutcome, editRequest } from '../edits.ts';
import {
  buildOutcome,
  forgetOutcome,
  imageLinksReport,
  imageList,
  imageLogReport,
  imageRepositories,
  pruneOutcome,
  pruneRequest,
  repositoriesRequest,
  stopRequest,
} from './images.ts';
import { releaseOutcome, releaseRequest } from './release.ts';
import * as schemas from './schemas.ts';
import type { Scope } from './tokens.ts';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly summary: string;
  /** Undefined: anybody may ask. */
  readonly scope?: Scope;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: z.ZodType;
  /** A schema for JSON, or the content type of something else. */
  readonly gives: z.ZodType | string;
  /** A second form of the same, by Accept or format=. */
  readonly also?: string;
  /** What else it answers, beside 401 and 403 where a token is needed. */
  readonly errors?: Readonly<Record<number, string>>;
}

const text = 'text/plain';
const noNode = { 404: 'There is no such node' };
const noImage = { 404: 'There is no such image, or nothing of it on the disk' };
const noCommit = { 404: 'There is no such commit' };

/** Every route by method and path, as the app has them. */
export const operations: Readonly<Record<string, Operation>> = {
  'GET /': { summary: 'What there is', scope: 'read', gives: text },
  'GET /health': { summary: 'The process answers', gives: text },
  'GET /ready': {
    summary: 'A commit is in effect, what the branch names is neither refused nor failed, and reports are stored',
    gives: text,
    errors: { 503: 'Not so; says why' },
  },
  'GET /openapi.json': { summary: 'This document', scope: 'read', gives: z.looseObject({}) },
  'GET /status': {
    summary: 'What is in effect, what waits, what is wrong',
    scope: 'read',
    gives: schemas.status,
  },
  'GET /events': {
    summary: 'Server-sent events: change and build lines, and the status at the start and after each change',
    scope: 'read',
    gives: 'text/event-stream',
    errors: { 503: 'Too many listen' },
  },
  'GET /metrics': { summary: 'Figures for Prometheus', scope: 'read', gives: text },
  'GET /history': {
    summary: 'Commits of the branch, newest first, and what became of each',
    scope: 'read',
    query: { limit: 'How many at the most: 1 to 1000, else 20' },
    gives: schemas.history,
  },
  'GET /nodes': { summary: 'All nodes of the commit in effect', scope: 'read', gives: schemas.nodeList },
  'GET /nodes/{node}': {
    summary: 'A node: image, files, trees, and the row that each comes from',
    scope: 'read',
    gives: schemas.node,
    errors: noNode,
  },
  'GET /nodes/{node}/answer': {
    summary: 'What the node is told as it boots',
    scope: 'read',
    query: { generation: 'Another generation than its newest' },
    gives: text,
    errors: { 403: 'It is offline, or cannot be planned', ...noNode, 409: 'Generation not known', 503: 'Not ready' },
  },
  'GET /nodes/{node}/boot': {
    summary: 'All that is planned for its boot: DHCP reply, TFTP server and boot file, exports, mounts',
    scope: 'read',
    gives: nodeBoot,
    errors: noNode,
  },
  'GET /reports': {
    summary: 'Which nodes booted which commit and generation, when, and who is behind',
    scope: 'read',
    query: { nodes: 'A noderange; else all nodes' },
    gives: schemas.reports,
    errors: { 400: 'The noderange cannot be read' },
  },
  'GET /reports/{node}': {
    summary: 'What a node booted, with the log of its last boot',
    scope: 'read',
    gives: schemas.nodeReport,
    errors: noNode,
  },
  'GET /plan': {
    summary: 'What a commit would change against what is in effect',
    scope: 'read',
    query: {
      commit: 'Branch, tag or commit; else the branch of the cluster',
      format: 'json or markdown; else what Accept prefers',
    },
    gives: schemas.plan,
    also: 'text/markdown',
    errors: { 400: 'No such format', ...noCommit },
  },
  'GET /diagnostics': {
    summary: 'What is wrong with a commit',
    scope: 'read',
    query: { commit: 'Branch, tag or commit; else the branch of the cluster' },
    gives: schemas.diagnostics,
    errors: noCommit,
  },
  'GET /explain': {
    summary: 'Where a file or a value of nodes comes from: row, tree, commit, author',
    scope: 'read',
    query: {
      node: 'A node, a noderange, or (without what) an image',
      what: 'A path on the node, table.column, or site.key; else the node as a whole',
      format: 'json or text; else what Accept prefers',
    },
    gives: schemas.explanation,
    also: text,
    errors: { 400: 'The question makes no sense; says why', 404: 'There is no such thing', 503: 'No commit in effect' },
  },
  'GET /verify': { summary: 'Where the disk differs from the commit in effect', scope: 'read', gives: schemas.drift },
  'POST /apply': {
    summary: 'Look at the branch now, and apply what it names',
    scope: 'admin',
    body: schemas.applyRequest,
    gives: schemas.reconciled,
    errors: { 400: 'The body is not as it should be, or names to take over what can be no path' },
  },
  'POST /release': {
    summary: 'Let go of exports that are held for nodes because they booted with them',
    scope: 'admin',
    body: releaseRequest,
    gives: releaseOutcome,
    errors: { 400: 'The body or the noderange cannot be read' },
  },
  'GET /images': {
    summary: 'Images: what is planned, what is on the disk and why it stays, which nodes booted it',
    scope: 'read',
    query: { sizes: '1: also what each takes of the disk' },
    gives: imageList,
  },
  'GET /images/{image}/links': {
    summary: 'The links of a generation as they stand on the disk',
    scope: 'read',
    query: { generation: 'Its digest, or the beginning of it; else the newest' },
    gives: imageLinksReport,
    errors: noImage,
  },
  'GET /images/{image}/log': {
    summary: 'The last lines of the logs of its builds',
    scope: 'read',
    query: { lines: 'How many of each, at most 5000; else 40' },
    gives: imageLogReport,
    errors: noImage,
  },
  'POST /images/{image}/repositories': {
    summary: 'How the package repositories of an image stand now: asks the network',
    scope: 'push',
    body: repositoriesRequest,
    gives: imageRepositories,
    errors: { 400: 'The body is not as it should be', 422: 'They could not be asked; the same shape says why' },
  },
  'POST /images/{image}/build': {
    summary: 'Build an image, whether a node has it or not; what failed of it is tried again',
    scope: 'admin',
    gives: buildOutcome,
    errors: { 422: 'There is nothing to build; the same shape says why' },
  },
  'POST /images/{image}/stop': {
    summary:
      'End the builds of an image, also one that waits for its turn: they have failed until they are tried again',
    scope: 'admin',
    body: stopRequest,
    gives: buildOutcome,
    errors: { 400: 'The body is not as it should be', 422: 'There is nothing to stop; the same shape says so' },
  },
  'POST /images/{image}/forget': {
    summary: 'Take back that an image is to be built by name; what is built stays as an earlier generation does',
    scope: 'admin',
    gives: forgetOutcome,
  },
  'POST /images/prune': {
    summary: 'Remove artifacts that nothing needs',
    scope: 'admin',
    body: pruneRequest,
    gives: pruneOutcome,
    errors: { 400: 'The body is not as it should be' },
  },
  'POST /edit': {
    summary:
      'Change rows as chtab, tabedit and nodeset do: a commit on the branch, checked and planned like a push; with dryRun the right to read is enough',
    scope: 'push',
    body: editRequest,
    gives: editOutcome,
    errors: { 400: 'This is no edit', 413: 'It is too large', 422: 'Refused; the same shape says why' },
  },
  'GET /config.git/info/refs': {
    summary: 'The repository, for git clone, fetch and push',
    scope: 'read',
    query: { service: 'git-upload-pack, or git-receive-pack (needs push)' },
    gives: 'application/x-git-upload-pack-advertisement',
  },
  'POST /config.git/git-upload-pack': {
    summary: 'The repository, for git clone and fetch',
    scope: 'read',
    gives: 'application/x-git-upload-pack-result',
    errors: { 415: 'Only git asks here' },
  },
  'POST /config.git/git-receive-pack': {
    summary: 'The repository, for git push: checked and planned before it is taken',
    scope: 'push',
    gives: 'application/x-git-receive-pack-result',
    errors: { 415: 'Only git asks here' },
  },
};

/** The document as it is served. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [route, operation] of Object.entries(operations)) {
    const [method = '', path = ''] = route.split(' ');
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationJson(path, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'litehouse, admin listener',
      version,
      description:
        'Loopback needs no token unless the settings say so. Else: Authorization: Bearer TOKEN, or the token as a Basic password. Scopes include those before them: read, push, admin.',
    },
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' }, password: { type: 'http', scheme: 'basic' } },
    },
  };
}

function operationJson(path: string, { summary, scope, query, body, gives, also, errors }: Operation): Json {
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: string })),
    ...Object.entries(query ?? {}).map(([name, description]) => ({ name, in: 'query', description, schema: string })),
  ];
  const refused = { 401: 'A token is needed, or this one is not known', 403: 'This token may not' };
  const others = Object.entries({ ...(scope === undefined ? {} : refused), ...errors });
  return {
    summary,
    ...(scope === undefined
      ? { security: [] }
      : { description: `Needs a token that may ${scope}.`, security: [{ token: [] }, { password: [] }, {}] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { content: { 'application/json': { schema: schemaJson(body) } } } }),
    responses: {
      200: {
        description: summary,
        content: {
          ...(typeof gives === 'string'
            ? { [gives]: { schema: string } }
            : { 'application/json': { schema: schemaJson(gives) } }),
          ...(also === undefined ? {} : { [also]: { schema: string } }),
        },
      },
      ...Object.fromEntries(others.map(([status, description]) => [status, { description }])),
    },
  };
}

const string = { type: 'string' } as const;

function schemaJson(schema: z.ZodType): Json {
  // The dialect is OpenAPI 3.1's own; to name it again in each schema says nothing.
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12' });
  return rest;
}
