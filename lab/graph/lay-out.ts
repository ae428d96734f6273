import type { Graph, Place } from './compile-graph.ts'

export interface PlacedBox extends Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const columnGap = 56
const rowGap = 28
const margin = 24
const perCharacter = 7.4
const perLine = 17

/** Columns by how many wires a place is from the first one; within a column one below the other. */
export function layOut({ places, wires }: Graph): readonly PlacedBox[] {
  const columns = Map.groupBy(places, ({ id }) => distances(places, wires).get(id) ?? 0)
  let x = margin
  return [...columns]
    .toSorted(([one], [other]) => one - other)
    .flatMap(([, column]) => {
      const width = Math.max(
        ...column.map(
          ({ lines }) => 24 + perCharacter * Math.max(...lines.map((line) => line.length)),
        ),
      )
      let y = margin
      const boxes = column.map((place) => {
        const height = 16 + perLine * place.lines.length
        const box = { ...place, x, y, width, height }
        y += height + rowGap
        return box
      })
      x += width + columnGap
      return boxes
    })
}

/** Places that no wire leads to stand in the first column. */
function distances(places: Graph['places'], wires: Graph['wires']): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  let border = places.slice(0, 1).map(({ id }) => id)
  for (let distance = 0; border.length > 0; distance += 1) {
    for (const id of border) found.set(id, distance)
    const here = new Set(border)
    const next = wires.flatMap(({ from, to }) => [
      ...(here.has(from) ? [to] : []),
      ...(here.has(to) ? [from] : []),
    ])
    border = [...new Set(next)].filter((id) => !found.has(id))
  }
  return found
}
