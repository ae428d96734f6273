/** A failed system call, as Node and `SocketError` report it. */
export interface SystemError {
  /** Name of the errno, such as `ECONNREFUSED`. */
  readonly code: string
  /** Negative. */
  readonly errno: number
  readonly syscall: string
}

/** Reads the facts of a failed system call from anything thrown; undefined = it is something else. */
export function systemErrorOf(thrown: unknown): SystemError | undefined {
  if (!(thrown instanceof Error && 'code' in thrown && 'errno' in thrown && 'syscall' in thrown)) {
    return undefined
  }
  const { code, errno, syscall } = thrown
  return typeof code === 'string' && typeof errno === 'number' && typeof syscall === 'string'
    ? { code, errno, syscall }
    : undefined
}
