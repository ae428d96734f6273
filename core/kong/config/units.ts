const msPerUnit: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const bytesPerUnit: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
}

/** A time as nginx writes it (`500ms`, `30`, `1m 30s`; no unit = s), in ms; undefined when it is none. */
export function parseTimeMs(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1000
  if (!/^(\d+(ms|[smhd])\s*)+$/.test(text)) return undefined
  const parts = [...text.matchAll(/(\d+)(ms|[smhd])/g)]
  return parts.reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (msPerUnit[unit] ?? 0),
    0,
  )
}

/** A size as nginx writes it (`8k`, `1m`, `512`), in bytes; undefined when it is none. */
export function parseSizeBytes(text: string): number | undefined {
  const [, count, unit] = /^(\d+)([kmg]?)$/i.exec(text) ?? []
  const factor = bytesPerUnit[unit?.toLowerCase() ?? '?']
  return count === undefined || factor === undefined ? undefined : Number(count) * factor
}
