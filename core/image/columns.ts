/** Cells of linuximage that say how an image is built, checked and in one form. */
import { badImageColumn } from '../diagnostic/catalogue/image.ts';
import type { Position } from '../diagnostic/diagnostic.ts';
import type { Image, View } from '../resolve/view.ts';
import type { Row, Table } from '../tables/table.ts';
import type { ImageFindings } from './findings.ts';
import type { BootRecipe } from './recipe.ts';

export interface Cell {
  readonly column: string;
  readonly text: string;
  readonly at: Position;
}

/** Gives a cell of an image's linuximage row; undefined where there is no row or nothing in it. */
export type Cells = (column: string) => Cell | undefined;

const rowsByImage = new WeakMap<Table, ReadonlyMap<string, Row>>();

export function linuximageCells(view: View, image: Pick<Image, 'name'>): Cells {
  const table = view.tables.get('linuximage');
  if (table === undefined) return () => undefined;
  let rows = rowsByImage.get(table);
  if (rows === undefined) {
    // The first row of a name counts, as elsewhere; a second one is an error of the table.
    rows = new Map([...table.rows].reverse().map((row) => [table.value(row, 'imagename') ?? '', row]));
    rowsByImage.set(table, rows);
  }
  const row = rows.get(image.name);
  return (column) => {
    const text = row === undefined ? undefined : table.value(row, column)?.trim();
    return row === undefined || text === undefined || text === ''
      ? undefined
      : { column, text, at: table.at(row, column) };
  };
}

/** Members of a cell with commas or blanks between, each once. */
export function wordsOf(cell: Cell | undefined): string[] {
  return [...new Set((cell?.text ?? '').split(/[\s,]+/).filter((word) => word !== ''))];
}

/** Whether an image's row asks for it to be built (`build` is yes). A server that builds all images, or none, does not look. */
export function asksForBuild(view: View, image: Pick<Image, 'name'>): boolean {
  return yes.test(linuximageCells(view, image)('build')?.text ?? '');
}

const kernelName = /^[A-Za-z0-9][\w.+~:-]{0,127}$/;
/** Interface names have up to 15 characters; a mac address says which one, too. */
const interfaceName = /^([A-Za-z][\w.-]{0,14}|([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})$/;
const yes = /^(1|y|yes|true|on)$/i;
const no = /^(0|n|no|false|off)$/i;

/** One word that has to match; what does not is reported as a fault, and is undefined. */
function word(cells: Cells, column: string, form: RegExp, wanted: string, findings: ImageFindings): string | undefined {
  const cell = cells(column);
  if (cell === undefined || form.test(cell.text)) return cell?.text;
  findings.block(badImageColumn(cell.at, { column, text: cell.text, wanted }));
  return undefined;
}

function list(cells: Cells, column: string, form: RegExp, wanted: string, findings: ImageFindings): string[] {
  const cell = cells(column);
  return wordsOf(cell).filter((text) => {
    if (form.test(text)) return true;
    if (cell !== undefined) findings.block(badImageColumn(cell.at, { column, text, wanted }));
    return false;
  });
}

const placeOf = ({ at }: Cell): string => `${at.file}:${at.line}`;

export interface KernelChoice {
  readonly kernelVersion?: string;
  readonly kernelVersionFrom?: string;
  readonly kernelPackageVersion?: string;
}

export function kernelChoice(cells: Cells, findings: ImageFindings): KernelChoice {
  const wanted = 'a version such as 2.6.32.10-0.5-ppc64, or nothing for the newest';
  const kernelVersion = word(cells, 'kernelver', kernelName, wanted, findings);
  const kernelPackageVersion = word(cells, 'krpmver', kernelName, wanted, findings);
  const named = cells('kernelver');
  return {
    ...(kernelVersion === undefined ? {} : { kernelVersion }),
    ...(named === undefined ? {} : { kernelVersionFrom: placeOf(named) }),
    ...(kernelPackageVersion === undefined ? {} : { kernelPackageVersion }),
  };
}

/** Whether the image's own script may use the network; not, where the cell says neither. */
export function scriptNetwork(cells: Cells, findings: ImageFindings): boolean {
  const cell = cells('scriptnetwork');
  if (cell === undefined || no.test(cell.text)) return false;
  if (yes.test(cell.text)) return true;
  findings.block(badImageColumn(cell.at, { column: cell.column, text: cell.text, wanted: 'yes or no' }));
  return false;
}

type BootCells = Pick<
  BootRecipe,
  'form' | 'netdrivers' | 'netdriversFrom' | 'bootInterface' | 'otherInterfaces' | 'permission'
>;

/** What the initrd is made by. */
export function bootCells(cells: Cells, findings: ImageFindings): BootCells {
  const form = word(cells, 'initrd', /^(small|dracut)$/, 'small or dracut, or nothing', findings);
  const interfaces = 'names of network interfaces, such as eth0';
  const bootInterface = word(cells, 'nodebootif', interfaceName, interfaces, findings);
  const mode = word(cells, 'permission', /^0*[0-7]{3,4}$/, "three octal digits such as '755'", findings) ?? '755';
  const module = /^[A-Za-z0-9][\w-]{0,63}(\.ko(\.(gz|xz|zst))?)?$/;
  const drivers = list(cells, 'netdrivers', module, 'names of kernel modules, with commas', findings);
  const named = cells('netdrivers');
  return {
    form: form === 'dracut' ? 'dracut' : 'small',
    // The original adds .ko itself; some rows carry it.
    netdrivers: [...new Set(drivers.map((name) => name.replace(/\.ko(\..+)?$/, '')))],
    ...(named === undefined ? {} : { netdriversFrom: placeOf(named) }),
    ...(bootInterface === undefined ? {} : { bootInterface }),
    otherInterfaces: list(cells, 'otherifce', interfaceName, interfaces, findings),
    permission: Number.parseInt(mode, 8).toString(8).padStart(3, '0'),
  };
}
