/** What a plugin imports: `import { definePlugin } from 'litehouse/plugin'`. */
export { type Diagnostic, defineMessage, type Position } from '../diagnostic/diagnostic.ts';
export { type Image, type Mount, type Node, originOf, type Value, type View } from '../resolve/view.ts';
export type { TableSchema } from '../tables/schema.ts';
export * from './output.ts';
export * from './plugin.ts';
