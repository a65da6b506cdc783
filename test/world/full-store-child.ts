/** A process whose files may not grow far: fills a store until it refuses, then says whether it still works. */
import { openStore } from '../../core/apply/store.ts';

const store = openStore(process.argv[2] ?? '');
await store.batch([{ db: 'a', key: 'kept', value: 1 }]);
let said = 'never full';
for (let i = 0; i < 200 && said === 'never full'; i++) {
  try {
    await store.batch([
      { db: 'a', key: 'kept', value: 2 },
      { db: 'b', key: `k${i}`, value: 'x'.repeat(20_000) },
    ]);
    await store.batch([{ db: 'a', key: 'kept', value: 1 }]);
  } catch (error) {
    said = error instanceof Error && 'code' in error ? `${error.code} ${error.message}` : String(error);
  }
}
// Time for a rejection that nobody awaits to end the process.
await new Promise((resolve) => setTimeout(resolve, 200));
const flushed = await store.flushed().catch((error: NodeJS.ErrnoException) => error.code);
process.stdout.write(`${said}, flushed ${flushed}, kept ${JSON.stringify(store.get('a', 'kept'))}\n`);
process.exit(0);
