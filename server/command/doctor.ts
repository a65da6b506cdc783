/** `litehouse doctor`: fetches what a node would fetch, in the order of its boot, and says what is wrong and how to mend it. */
import type { Command } from 'commander';
import { examineNode, type NodeDiagnosis, unknownNode } from '../doctor/examine.ts';
import type { Finding } from '../doctor/finding.ts';
import { type House, houseAt, houseOf, whySilent } from '../doctor/house.ts';
import { houseBeside } from '../doctor/house-beside.ts';
import { Probes } from '../doctor/probes.ts';
import { diagnosisLines } from '../doctor/text.ts';
import type { DoctorOptions } from '../doctor/visit.ts';
import { parseListenAddress } from '../listen-address.ts';
import { openReports } from '../reports/reports.ts';
import { askEngine } from '../running/engine.ts';
import { meantRemote, type RemoteOptions } from '../running/remote.ts';
import { readSettings } from '../settings.ts';
import {
  type CommandContext,
  count,
  describe,
  printJson,
  serverDir,
  withDir,
  withJson,
  withServer,
} from './context.ts';
import { Failure } from './failure.ts';

interface Options extends RemoteOptions {
  readonly dir?: string;
  readonly json?: boolean;
  readonly whole?: boolean;
  readonly mount: boolean;
  readonly tftp?: string;
}

export function addDoctorCommand(program: Command, context: CommandContext): void {
  withJson(
    withServer(
      withDir(
        describe(
          program.command('doctor <noderange>'),
          'Fetch what a node would fetch, in the order of its boot, and say what is wrong and how to mend it.',
          ['doctor n01', 'doctor rack1 --json', 'doctor n01 --whole'],
        ),
      ),
      'examine nodes of the server at that URL, with a token of scope read; what is on its disk is not looked at',
    ),
  )
    .option('--whole', 'fetch kernel and initrd whole, not only their first bytes')
    .option('--no-mount', 'do not mount the root (only root can, where the kernel has an NFS client)')
    .option('--tftp <host:port>', 'ask this TFTP server instead of the one that the node would ask')
    .action(async (noderange: string, options: Options) => {
      const nodes = await withHouse(context, options, (house) => examine(context, house, noderange.trim(), options));
      if (nodes.some(({ verdict }) => verdict === 'fault')) context.status = 1;
      if (options.json === true) printJson(context, { nodes });
      else for (const line of diagnosisLines(nodes, context.terminal)) context.terminal.out(line);
    });
}

/** One node after the other: what many share is asked once, and a server in need is not stormed. */
async function examine(
  context: CommandContext,
  house: House,
  noderange: string,
  options: Options,
): Promise<NodeDiagnosis[]> {
  const { nodes, missed } = await house.expand(noderange);
  if (nodes.length + missed.length === 0)
    throw new Failure({
      what: `no node is in '${noderange}'`,
      mend: 'litehouse nodels lists the nodes; litehouse status says whether a commit is in effect',
    });
  const given: DoctorOptions = { whole: options.whole === true, mount: options.mount, tftp: tftpOf(options) };
  const probes = new Probes(context.patience);
  const status = await house.status();
  const found: NodeDiagnosis[] = missed.map(unknownNode);
  // Of a hundred thousand nodes nobody reads what is well.
  const listed = options.json === true || nodes.length + missed.length === 1;
  const work = (async () => {
    for (const node of nodes) {
      const diagnosis = await examineNode(node, house, status, probes, given);
      found.push(listed ? diagnosis : { ...diagnosis, findings: diagnosis.findings.filter(isWorthALine) });
    }
  })();
  await context.terminal.during(
    nodes.length === 1 ? `examining ${nodes[0]}` : `examining ${count(nodes.length, 'node')}`,
    work,
  );
  return found;
}

const isWorthALine = ({ verdict }: Finding): boolean => verdict !== 'ok';

function tftpOf({ tftp }: Options): DoctorOptions['tftp'] {
  if (tftp === undefined) return undefined;
  const address = parseListenAddress(tftp);
  if (address === undefined)
    throw new Failure({ what: `--tftp ${tftp}: no address`, mend: 'write --tftp 10.0.0.1:69' });
  return address;
}

async function withHouse<T>(context: CommandContext, options: Options, work: (house: House) => Promise<T>): Promise<T> {
  const remote = await meantRemote(context, options);
  if (remote !== undefined) return work(houseAt(remote.url, remote.token, false));
  const dir = serverDir(context, options);
  return askEngine<T>(dir, 'doctor', {
    server: async ({ admin, key, pid }) => {
      const why = await context.terminal.during('asking the server', whySilent(admin));
      return work(why === undefined ? houseAt(admin, key, true) : await houseBeside(dir, pid, why));
    },
    engine: async (engine) => {
      if (engine.world === undefined)
        throw new Failure({
          what: 'no commit is in effect yet',
          mend: 'litehouse apply, or litehouse serve; litehouse status says more',
        });
      const reports = await openReports((await readSettings(dir)).state);
      try {
        return await work(houseOf(engine, reports));
      } finally {
        await reports.close();
      }
    },
  });
}
