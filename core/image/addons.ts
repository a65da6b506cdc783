/** Addons of an image (cookbook 2.9): accounts and the settings of sshd, from the repository alone. */

import { isKeptSecret } from '../check/secrets.ts';
import { badAccount, badImageColumn, noAddons } from '../diagnostic/catalogue/image.ts';
import type { Image, View } from '../resolve/view.ts';
import type { Cells } from './columns.ts';
import { wordsOf } from './columns.ts';
import type { OsFamily } from './family.ts';
import { customFile } from './files.ts';
import type { ImageFindings } from './findings.ts';
import type { BaseRecipe } from './recipe.ts';

const filesOf = { passwd: ['passwd', 'group', 'shadow'], ssh: ['authorized_keys'] } as const;

/** A reference to a secret (`secret:NAME`) stays one: it is looked up where the image is built, and never stands in a plan. */
export function imageAddons(
  view: View,
  image: Pick<Image, 'name'>,
  family: Pick<OsFamily, 'name' | 'addons'>,
  cells: Cells,
  findings: ImageFindings,
): Pick<BaseRecipe, 'addons' | 'accounts' | 'accountFiles'> {
  const cell = cells('addons');
  const addons: BaseRecipe['addons'] = [];
  for (const text of wordsOf(cell)) {
    if (cell === undefined) break;
    if (text !== 'passwd' && text !== 'ssh') {
      findings.block(badImageColumn(cell.at, { column: 'addons', text, wanted: 'passwd, ssh or both, or nothing' }));
    } else if (!family.addons) {
      findings.block(noAddons(cell.at, { image: image.name, addon: text, family: family.name }));
    } else addons.push(text);
  }
  addons.sort();
  const accountFiles = addons
    .flatMap((addon) => filesOf[addon].map((name) => customFile(view, `custom/accounts/${name}`)))
    .flatMap((file) => (file === undefined ? [] : { path: file.path, blob: file.blob }));
  return { addons, accounts: addons.includes('passwd') ? accountsOf(view, findings) : [], accountFiles };
}

function accountsOf(view: View, findings: ImageFindings): BaseRecipe['accounts'] {
  const table = view.tables.get('passwd');
  const accounts: BaseRecipe['accounts'] = [];
  for (const row of table?.rows ?? []) {
    if (table?.value(row, 'key') !== 'system') continue;
    const user = table.value(row, 'username')?.trim() ?? '';
    const hash = table.value(row, 'password')?.trim();
    const why = !/^[A-Za-z_][\w.-]{0,31}$/.test(user)
      ? 'that is no name of a user'
      : hash === undefined
        ? 'it has no hash'
        : undefined;
    if (why !== undefined) findings.note(badAccount(table.at(row, 'username'), { user, why }));
    // A value in clear refuses the push elsewhere; it never gets into a plan.
    else if (hash !== undefined && isKeptSecret(hash)) accounts.push({ user, hash });
  }
  return accounts;
}
