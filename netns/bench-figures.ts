/** One line of a table of figures. */
export interface Figure {
  readonly figure: string
  /** The median of what was measured. */
  readonly measured: number
  readonly unit: 'ms' | 's' | 'MiB'
  /** What it is to stay below; undefined = it only stands beside the others. */
  readonly bound?: number
  /** How much more another tool takes for its part of the same work; `Mininet 12.3 ×`. */
  readonly others?: readonly string[]
}

/** Of an odd number of values the one in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN
}

export function ratio(name: string, theirs: number, ours: number): string {
  return `${name} ${(theirs / ours).toFixed(1)} ×`
}

/**
 * Prints figures as one table.
 * @returns The exit code: 1 when a bound is missed by more than 30 % and `--strict` is among the arguments, since a
 * busy machine misses bounds that it keeps when it is quiet.
 */
export function printFigures(figures: readonly Figure[], args: readonly string[]): 0 | 1 {
  console.table(
    Object.fromEntries(
      figures.map(({ figure, measured, unit, bound, others = [] }) => [
        figure,
        {
          measured: render(measured, unit),
          bound: bound === undefined ? '' : render(bound, unit),
          met: bound === undefined ? '' : measured < bound ? 'yes' : 'NO',
          'others take': others.join(', '),
        },
      ]),
    ),
  )
  const missed = figures.filter(
    ({ measured, bound }) => bound !== undefined && !(measured <= 1.3 * bound),
  )
  if (!args.includes('--strict') || missed.length === 0) return 0
  console.error(`Missed by more than 30 %: ${missed.map(({ figure }) => figure).join('; ')}`)
  return 1
}

function render(value: number, unit: Figure['unit']): string {
  return `${value.toFixed(unit === 's' ? 2 : value < 100 ? 1 : 0)} ${unit}`
}
