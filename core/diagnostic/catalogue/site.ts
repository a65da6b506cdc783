/** Diagnostics of site keys that steer litehouse itself (LH35x). */
import { defineMessage } from '../diagnostic.ts';

export const badWaiver = defineMessage<{ key: string }>({
  code: 'LH351',
  severity: 'warning',
  title: 'a waiver that does not waive',
  help: `A site row litehouse.waive.CODE drops the warnings of that code; its value is the reason, for the next reader.

wrong:  "litehouse.waive.LH310",""
right:  "litehouse.waive.LH310","rows of racks that arrive in March"`,
  message: ({ key }) => `'${key}' waives nothing: it takes a code such as LH310 and a reason as its value`,
  mend: () => 'name a code and write a reason of a few words, or remove the row',
});
