/** nginx's severities, least severe first: the scale of Kong's `log_level`. */
export const logLevels = [
  'debug',
  'info',
  'notice',
  'warn',
  'error',
  'crit',
  'alert',
  'emerg',
] as const

export type LogLevel = (typeof logLevels)[number]

/** Where a node's log lines go; injected, never global. */
export interface Log {
  /** Whether a line of this level would be written: ask before building a costly message. */
  enabled(level: LogLevel): boolean
  write(level: LogLevel, message: string): void
}
