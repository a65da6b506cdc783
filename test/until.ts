/** Waits for what a test has begun. */

/** A little less than the time of a test (vitest.config), so that what never came is named. */
const mostMilliseconds = 170_000;

export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const from = performance.now();
  while (!(await holds())) {
    if (performance.now() - from > mostMilliseconds) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
