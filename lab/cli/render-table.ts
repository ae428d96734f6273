import { stripVTControlCharacters } from 'node:util'

/** Columns as wide as their longest cell, a line each; cells may be coloured. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, lengthOf(cell))
    }
  }
  return rows
    .map((row) => {
      const cells = row.map(
        (cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)),
      )
      return `${cells.join('  ').trimEnd()}\n`
    })
    .join('')
}

function lengthOf(cell: string): number {
  return stripVTControlCharacters(cell).length
}
