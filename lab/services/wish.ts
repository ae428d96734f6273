/** How a request wants to be answered. */
export interface Wish {
  readonly status: number
  readonly delayMs: number
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Reads the wish of a path: `/status/404` for a status, `/delay/1.5` for seconds to wait, `/header/x-name/value` for a
 * response header; anywhere in the path, also together.
 */
export function wishOf(target: string): Wish {
  const [path = ''] = target.split('?', 1)
  const status = Number(/\/status\/([2-5]\d\d)(?=\/|$)/.exec(path)?.[1] ?? 200)
  const seconds = Number(/\/delay\/(\d+(?:\.\d+)?)(?=\/|$)/.exec(path)?.[1] ?? 0)
  const headers = [...path.matchAll(/\/header\/([\w-]+)\/([\w.~=%-]+)/g)].map(
    ([, name = '', value = '']) => [name, value] as const,
  )
  return { status, delayMs: Math.min(seconds, 60) * 1000, headers: Object.fromEntries(headers) }
}
