/** Reads and writes the tables of generated clusters: no newline inside a cell, no blank before a quote. */

export interface Rows {
  readonly columns: readonly string[];
  rows: string[][];
}

/** The `tabdump` text of a table: present values quoted, absent ones nothing at all. */
export function tableText(columns: readonly string[], rows: Iterable<readonly string[]>): string {
  const lines = [`#${columns.join(',')}`];
  for (const row of rows) {
    lines.push(row.map((cell) => (cell === '' ? '' : `"${cell.replaceAll('"', '""')}"`)).join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** The rows of a text that `tableText` made. */
export function tableRows(text: string): Rows {
  const [header = '#', ...lines] = text.split('\n');
  return {
    columns: header.slice(1).split(','),
    rows: lines.filter((line) => line !== '').map(cells),
  };
}

function cells(line: string): string[] {
  const found: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] === '"') {
      let end = at + 1;
      while (end < line.length && (line[end] !== '"' || line[end + 1] === '"')) end += line[end] === '"' ? 2 : 1;
      found.push(line.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 2;
    } else {
      const comma = line.indexOf(',', at);
      const end = comma < 0 ? line.length : comma;
      found.push(line.slice(at, end));
      at = end + 1;
    }
  }
  return found;
}
