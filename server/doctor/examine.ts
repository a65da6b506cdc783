/** Goes through a node's boot step by step, in the order in which the node does. */
import { checkDhcp } from './dhcp.ts';
import { checkDirectories } from './directories.ts';
import type { Finding, Step, Verdict } from './finding.ts';
import type { House, HouseStatus } from './house.ts';
import { checkHttp } from './http.ts';
import { checkNfs } from './nfs.ts';
import type { Probes } from './probes.ts';
import { checkReports } from './reports.ts';
import { bootsFromUs, checkTables } from './tables.ts';
import { checkTftp } from './tftp.ts';
import type { DoctorOptions, Visit } from './visit.ts';

export interface NodeDiagnosis {
  readonly node: string;
  /** The worst of its findings; `ok` where there are only such and things that were not checked. */
  readonly verdict: Exclude<Verdict, 'not checked'>;
  readonly findings: readonly Finding[];
}

/** Examines one node. Takes some seconds where servers are silent; never longer than its probes' bounds. */
export async function examineNode(
  node: string,
  house: House,
  status: HouseStatus,
  probes: Probes,
  options: DoctorOptions,
): Promise<NodeDiagnosis> {
  const facts = await house.boot(node);
  if (facts === undefined) return unknownNode(node);
  const visit: Visit = { facts, house, status, probes, options, boot: undefined };
  const findings: Finding[] = [...checkTables(visit)];
  const skip = (step: Step): void => {
    findings.push({ step, verdict: 'not checked', what: 'it boots nothing from here: see tables' });
  };
  if (bootsFromUs(visit) || facts.state === 'boot') {
    findings.push(...(await checkDhcp(visit)), ...(await checkTftp(visit)));
    findings.push(...(await checkHttp(visit)), ...(await checkNfs(visit)), ...(await checkDirectories(visit)));
  } else for (const step of ['dhcp', 'tftp', 'http', 'nfs', 'directories'] as const) skip(step);
  findings.push(...(await checkReports(visit)));
  return { node, verdict: worst(findings), findings };
}

/** A name that is neither a node nor a group. */
export function unknownNode(node: string): NodeDiagnosis {
  const finding: Finding = {
    ...{ step: 'tables', verdict: 'fault', what: 'no node or group of this name in tables/nodelist.csv' },
    mend: 'litehouse nodels lists the nodes; a new one is a row in nodelist, pushed',
  };
  return { node, verdict: 'fault', findings: [finding] };
}

function worst(findings: readonly Finding[]): NodeDiagnosis['verdict'] {
  if (findings.some(({ verdict }) => verdict === 'fault')) return 'fault';
  return findings.some(({ verdict }) => verdict === 'warning') ? 'warning' : 'ok';
}
