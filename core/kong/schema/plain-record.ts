/** An object made of outside names: it has no prototype, so that `__proto__` is a name like any other. */
export type PlainRecord<value = unknown> = Record<string, value>

export function plainRecord<value = unknown>(
  entries: Iterable<readonly [string, value]> = [],
): PlainRecord<value> {
  const record: PlainRecord<value> = Object.create(null)
  for (const [name, value] of entries) record[name] = value
  return record
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at a path such as `config.redis_host`. */
export function valueAt(record: unknown, path: string): unknown {
  let value = record
  for (const name of path.split('.')) {
    if (!isRecord(value)) return undefined
    value = Object.hasOwn(value, name) ? value[name] : undefined
  }
  return value
}
