/** What a node says about itself as it boots: stage, commit, generation and log; parsed here, at the border. */
import { z } from 'zod';

/** The largest log of one report, in bytes. */
export const maxLogBytes = 65_536;

/** Logs that may wait in memory to be written, in bytes; what comes when the disk is slower than that is refused. */
export const mostWaitingBytes = 16 * 2 ** 20;

/** One report as a node sends it. */
export interface StatusReport {
  /** `booting`, `booted`, `failed`, or another word of the node's program for how far it came. */
  readonly stage: string;
  readonly commit: string | undefined;
  readonly generation: string | undefined;
  /** The kernel's boot id: tells a report that is sent again from another boot. */
  readonly boot: string | undefined;
  readonly log: string | undefined;
}

/** What is remembered of a node; times as ISO texts, by the server's clock. */
export interface NodeReport {
  readonly stage: string;
  readonly commit: string | undefined;
  readonly generation: string | undefined;
  readonly boot: string | undefined;
  readonly at: string;
  /** How often it said `booted`. */
  readonly boots: number;
  /** Its last whole boot. */
  readonly booted: Booted | undefined;
  /** Whether there is a log of it. */
  readonly logged: boolean;
}

export interface Booted {
  readonly commit: string | undefined;
  readonly generation: string | undefined;
  readonly boot: string | undefined;
  readonly at: string;
}

const fields = {
  stage: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'stage is no word of small letters, such as booted'),
  commit: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/, 'commit is no commit id')
    .optional(),
  generation: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'generation is no generation id')
    .optional(),
  boot: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'boot is no boot id')
    .optional(),
};

const reportSchema = z.object({ ...fields, log: z.string().optional() }, 'the report has no stage');

/**
 * Reads the body of a report: lines `key<TAB>value` (`log` once a line of the log), or a form, as `wget --post-data` sends it.
 * Which of the two is told by the text, because busybox calls both a form. Keys that are not known are passed over: the initrd of
 * a node may be newer than the server.
 */
export function parseStatus(body: string): StatusReport | { readonly wrong: string; readonly tooLong?: true } {
  const given = /^[a-z]+\t/.test(body) ? fromLines(body) : fromForm(body);
  if (given.stage === undefined) {
    return {
      wrong: 'the report has no stage: send lines like "stage<TAB>booted", or a form like stage=booted&commit=…',
    };
  }
  const parsed = reportSchema.safeParse(given);
  if (!parsed.success) return { wrong: parsed.error.issues[0]?.message ?? 'the report cannot be read' };
  const { stage, commit, generation, boot, log } = parsed.data;
  if (log !== undefined && Buffer.byteLength(log) > maxLogBytes)
    return { wrong: `the log has more than ${maxLogBytes} bytes: send its end`, tooLong: true };
  return { stage, commit, generation, boot, log };
}

type Given = Readonly<Record<string, string | undefined>>;

function fromLines(body: string): Given {
  const given: Record<string, string> = Object.create(null);
  const log: string[] = [];
  for (const line of body.split('\n')) {
    const tab = line.indexOf('\t');
    if (tab === -1) continue;
    const [key, value] = [line.slice(0, tab), line.slice(tab + 1).replace(/\r$/, '')];
    if (key === 'log') log.push(value);
    else if (value !== '') given[key] = value;
  }
  return log.length === 0 ? given : { ...given, log: `${log.join('\n')}\n` };
}

function fromForm(body: string): Given {
  const given: Record<string, string> = Object.create(null);
  for (const [key, value] of new URLSearchParams(body.trim())) if (value !== '') given[key] = value;
  return given;
}

const storedSchema = z.object({
  ...fields,
  at: z.string(),
  boots: z.number(),
  booted: z
    .object({ commit: fields.commit, generation: fields.generation, boot: fields.boot, at: z.string() })
    .optional(),
  logged: z.boolean(),
});

/** A record as it was stored, which may be of another version; undefined: not readable any more, and so forgotten. */
export function readStored(value: unknown): NodeReport | undefined {
  const parsed = storedSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { commit, generation, boot, booted, ...rest } = parsed.data;
  return {
    ...rest,
    commit,
    generation,
    boot,
    booted:
      booted === undefined
        ? undefined
        : { commit: booted.commit, generation: booted.generation, boot: booted.boot, at: booted.at },
  };
}

/** What is remembered after a report. A boot that is reported twice, because the node heard no answer, counts once. */
export function afterReport(before: NodeReport | undefined, report: StatusReport, at: string): NodeReport {
  const { stage, commit, generation, boot } = report;
  const whole = stage === 'booted';
  const again = whole && boot !== undefined && before?.booted?.boot === boot;
  return {
    stage,
    commit,
    generation,
    boot,
    at,
    boots: (before?.boots ?? 0) + (whole && !again ? 1 : 0),
    booted: whole ? { commit, generation, boot, at } : before?.booted,
    logged: report.log !== undefined || before?.logged === true,
  };
}
