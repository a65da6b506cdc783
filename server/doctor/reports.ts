/** Step 7: what the node itself said last, and the last lines of its log. */
import { type Finding, Findings } from './finding.ts';
import type { Visit } from './visit.ts';

/** Lines of the log that are shown: those that say FAILED, and the last ones. */
const failedLines = 5;
const lastLines = 3;

/** A boot that takes longer than this has stopped somewhere. */
const longestBoot = 10 * 60_000;

export async function checkReports({ facts, house }: Visit, now = Date.now()): Promise<readonly Finding[]> {
  const found = new Findings('reports');
  const said = await house.report(facts.node);
  if (said?.stage === undefined || said.at === undefined) {
    found.unchecked('it never reported');
    return found.list;
  }
  const age = now - Date.parse(said.at);
  const of = `commit ${said.commit?.slice(0, 10) ?? 'unnamed'}, generation ${said.generation ?? 'unnamed'}`;
  const detail = `${of}, ${ago(age)} ago`;
  const log = logDetail(said.log);
  const mend = 'its console and statelite.log say more: litehouse nodes log NODE';
  if (said.standing === 'failed') found.warning(`it said last that its boot failed${log}`, { detail, mend });
  else if (said.stage !== 'booted' && age > longestBoot)
    found.warning(`it said '${said.stage}' last, and then nothing: it stopped after that step${log}`, { detail, mend });
  else found.ok(`it said '${said.stage}' last${said.stage === 'booted' ? '' : ', and boots now'}${log}`, { detail });
  if (said.standing === 'older commit') found.ok('it runs an earlier commit, with the same image');
  if (said.standing === 'older generation') {
    found.warning(`it runs an older generation than it would boot now (${said.now?.generation})`, {
      detail: `runs ${said.generation}`,
      mend: 'boot it again when it suits; what it runs is kept until then',
    });
  }
  return found.list;
}

/** What went wrong, and how it ended; log lines are the node's own text. */
function logDetail(log: string | undefined): string {
  const lines = (log ?? '').split('\n').filter((line) => line !== '');
  if (lines.length === 0) return '';
  const failed = lines.filter((line) => line.includes('FAILED')).slice(0, failedLines);
  const last = lines.slice(-lastLines).filter((line) => !failed.includes(line));
  return [...failed, ...last].map((line) => `\n| ${line}`).join('');
}

function ago(milliseconds: number): string {
  const minutes = Math.max(0, Math.round(milliseconds / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}
