/** What a command line writes to and reads from; `process` is one. */
export interface Console {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: NodeJS.ProcessEnv
}

export type Output = NodeJS.WritableStream

/** A command: arguments after its name → exit code. */
export type Command = (args: readonly string[], console: Console) => Promise<number>

/** The command line cannot be understood; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
