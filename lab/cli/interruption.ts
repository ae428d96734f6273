export interface Interruption extends Disposable {
  readonly signal: AbortSignal
}

/** Turns Ctrl-C and its like into an abort, so that what was begun is taken back before the command ends. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController()
  const abort = (): void => {
    controller.abort()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of signals) process.on(name, abort)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of signals) process.off(name, abort)
    },
  }
}
