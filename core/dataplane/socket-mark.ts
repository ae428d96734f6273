let current: number | undefined

/**
 * Until it is disposed of, every upstream connection that this process dials carries a mark (SO_MARK), by which rules of
 * the machine tell it from those of others.
 */
export function markUpstreams(mark: number): Disposable {
  const before = current
  current = mark
  return {
    [Symbol.dispose]: () => {
      current = before
    },
  }
}

/** What upstream sockets are to be marked with now. */
export function upstreamMark(): number | undefined {
  return current
}
