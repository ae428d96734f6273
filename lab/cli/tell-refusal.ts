/** What the system has refused, in one sentence for a person; undefined for anything else, which is a fault of ours. */
export function tellRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || typeof error.syscall !== 'string') {
    return undefined
  }
  if (error.syscall === 'uv_cwd') {
    return 'The working folder is gone, or is not readable any more: change to another one.'
  }
  return `${error.message}.`
}
