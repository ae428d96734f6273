const quietMs = 1000

/**
 * Passes on at most one message a second: the first at once, and of those that follow within a second the last, with
 * their number, so that a broken destination does not fill the log.
 */
export function sparsely(tell: (message: string) => void): (message: string) => void {
  let quiet = false
  let held: { readonly message: string; readonly count: number } | undefined
  const open = (): void => {
    quiet = false
    if (held === undefined) return
    const { message, count } = held
    held = undefined
    say(count === 1 ? message : `${message} (and ${count - 1} like it)`)
  }
  const say = (message: string): void => {
    quiet = true
    setTimeout(open, quietMs).unref()
    tell(message)
  }
  return (message) => {
    if (quiet) held = { message, count: (held?.count ?? 0) + 1 }
    else say(message)
  }
}
