/** Rules across tables: what single rows cannot show. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { checkPolicy } from '../policy/check.ts';
import type { View } from '../resolve/view.ts';
import { checkAddresses, checkMacs } from './addresses.ts';
import { checkDialect } from './dialect.ts';
import { checkGroups } from './groups.ts';
import { checkImages } from './images.ts';
import { checkLitefile } from './litefile.ts';
import { checkMountOptions } from './mount-options.ts';
import { checkImageNames, checkKeys } from './names.ts';
import { checkNesting } from './nesting.ts';
import { checkSecrets } from './secrets.ts';
import { checkClimbing, checkSite } from './site.ts';
import { checkPriorities, checkState } from './state.ts';

/** In the order in which they are shown: what is secret first, then nodes, names, images, files. */
const checks: readonly ((view: View) => Diagnostic[])[] = [
  checkSecrets,
  checkAddresses,
  checkMacs,
  checkKeys,
  checkGroups,
  checkImageNames,
  checkImages,
  checkSite,
  checkClimbing,
  checkDialect,
  checkLitefile,
  checkNesting,
  checkMountOptions,
  checkPriorities,
  checkState,
  checkPolicy,
];

/** All checks of the core. Pure; cost is linear in nodes and rows. */
export function checkView(view: View): Diagnostic[] {
  return checks.flatMap((check) => check(view));
}
