/** Bench `boot`: what one boot takes of node, server and wire, as the lab's real machines and litehouse itself counted it (test/boot). */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Figure, median, printTable, range } from './figures.ts';

const program = fileURLToPath(new URL('../boot/run.sh', import.meta.url));
/** Bytes a second of 1 Gbit/s. */
const gigabit = 125_000_000;

export interface BootFigures {
  /** By boot: seconds in the boot program, and what the node's own kernel counted of NFS until it was done. */
  readonly boots: readonly { readonly seconds: number; readonly requests: number; readonly received: number }[];
  /** Of all these boots together. */
  readonly tftp: { readonly requests: number; readonly bytes: number };
  readonly answers: number;
}

/** Needs root and what `test/boot/run.sh --install` brings. No goals of time: the machines are emulated. */
export async function benchBoot(scenario: 'words' | 'debian'): Promise<boolean> {
  const { boots, tftp, answers } = readBoots(await runScenario(scenario));
  const count = boots.length;
  const told = (what: string, of: keyof BootFigures['boots'][number], text: (value: number) => string): Figure => {
    const values = boots.map((boot) => boot[of]);
    return { what, value: text(median(values)), from: range(values, text) };
  };
  const each = (total: number): number => total / count;
  const together = `${count} boots together`;
  const bytes = each(tftp.bytes) + median(boots.map(({ received }) => received));
  return printTable(`boot: one boot of the lab's scenario ${scenario}, on an emulated CPU`, [
    told('seconds in the boot program', 'seconds', (value) => `${value.toFixed(2)} s`),
    told('NFS requests until it was done', 'requests', (value) => String(Math.round(value))),
    told('NFS bytes to the node', 'received', megabytes),
    { what: 'TFTP requests', value: String(each(tftp.requests)), from: `${tftp.requests} of ${together}` },
    { what: 'TFTP bytes', value: megabytes(each(tftp.bytes)), from: `${megabytes(tftp.bytes)} of ${together}` },
    {
      ...{ what: 'answers by HTTP', value: String(each(answers)), from: `${answers} of ${together}` },
      ...{ goal: '1', met: answers === count },
    },
    { what: 'nodes a second on 1 Gbit/s', value: (gigabit / bytes).toFixed(1), from: `${megabytes(bytes)} a boot` },
  ]);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Reads what a scenario prints of its boots. Throws where a line of it is missing: a figure that nobody counted is none. */
export function readBoots(output: string): BootFigures {
  const boots = [
    ...output.matchAll(
      /: boot program ([\d.]+) s; NFS until then: \d+ filesystems, (\d+) requests, \d+ kB sent, (\d+) kB received/g,
    ),
  ].map(([, seconds, requests, received]) => ({
    ...{ seconds: Number(seconds), requests: Number(requests), received: Number(received) * 1000 },
  }));
  const sum = (metric: string): number => {
    const lines = [...output.matchAll(new RegExp(`^ +litehouse_${metric}(?:\\{[^}]*\\})? (\\d+)$`, 'gm'))];
    if (lines.length === 0) throw new Error(`the scenario printed no ${metric}:\n${output}`);
    return lines.reduce((total, [, value]) => total + Number(value), 0);
  };
  if (boots.length === 0) throw new Error(`the scenario printed no boot:\n${output}`);
  const tftp = { requests: sum('tftp_requests_total'), bytes: sum('tftp_sent_bytes_total') };
  return { boots, tftp, answers: sum('answers_total') };
}

function runScenario(scenario: string): Promise<string> {
  const child = spawn(program, ['--built', scenario], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`test/boot/run.sh ${scenario} ended with ${code}:\n${output}`)),
    );
  });
}
