/** Links a tree that is linked already, between two marks that strace shows. Argument: the tree. */
import { existsSync } from 'node:fs';
import { linkImage } from '../../core/image/liteimg/link-image.ts';
import { redhatRows } from './liteimg-root.ts';

const root = process.argv[2] ?? '';
const rows = redhatRows();
existsSync('/mark-start');
await linkImage(root, rows);
existsSync('/mark-end');
