/** A number of bytes for people: `512 B`, `1.5 kB`, `12 MB`. */
export function renderBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (bytes >= size) return `${Number((bytes / size).toPrecision(3))} ${unit}`
  }
  return `${bytes} B`
}
