/** What a look at one thing of a node's boot comes to: a verdict, what was looked at, where it is written, and how to mend it. */

/** In the order of the boot. */
export const steps = ['tables', 'dhcp', 'tftp', 'http', 'nfs', 'directories', 'reports'] as const;
export type Step = (typeof steps)[number];

/** `fault`: the node does not boot, or boots something else. `warning`: it may; a person should know. */
export type Verdict = 'ok' | 'warning' | 'fault' | 'not checked';

export interface Finding {
  readonly step: Step;
  readonly verdict: Verdict;
  /** What was looked at and what came of it; without the node's own name, so that nodes with the same fault fold into one line. */
  readonly what: string;
  /** What is this node's own of it. */
  readonly detail?: string;
  /** The row that it comes from: file:line. */
  readonly from?: string;
  readonly mend?: string;
}

/** What may stand beside `what`. */
export type More = Pick<Finding, 'detail' | 'from' | 'mend'>;

/** Gathers the findings of one step. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #step: Step;

  constructor(step: Step) {
    this.#step = step;
  }

  ok(what: string, more: More = {}): void {
    this.list.push({ step: this.#step, verdict: 'ok', what, ...more });
  }

  warning(what: string, more: More & { readonly mend: string }): void {
    this.list.push({ step: this.#step, verdict: 'warning', what, ...more });
  }

  fault(what: string, more: More & { readonly mend: string }): void {
    this.list.push({ step: this.#step, verdict: 'fault', what, ...more });
  }

  /** `what` says what, and why not. */
  unchecked(what: string, more: More = {}): void {
    this.list.push({ step: this.#step, verdict: 'not checked', what, ...more });
  }
}
