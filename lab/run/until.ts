import { setTimeout as delay } from 'node:timers/promises'

const everyMs = 5

/** Resolves to whether the condition came true before the deadline. */
export async function until(
  condition: () => boolean,
  { withinMs, signal }: { readonly withinMs: number; readonly signal?: AbortSignal },
): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (!condition()) {
    if (performance.now() >= deadline) return false
    await delay(everyMs, undefined, signal === undefined ? {} : { signal })
  }
  return true
}
