import type { Log } from '#core/base/log.ts'
import type { Observer } from '#core/model/observer.ts'
import type { KongConfig } from './config/kong-config.ts'
import { isSyslog } from './config/log-target.ts'
import { openLogFile, type LogFile } from './log-file.ts'
import { renderErrorLine } from './log-lines.ts'
import { createLogObserver, isEnabled } from './log-observer.ts'

/** A node's logs, as its configuration names them. */
export interface KongLogs extends AsyncDisposable {
  /** `proxy_error_log`: what the node says of itself. */
  readonly log: Log
  /** `admin_error_log`. */
  readonly adminLog: Log
  /** `proxy_access_log` and `proxy_error_log`: what becomes of connections. */
  readonly observer: Observer
  /** A line of `admin_access_log`. */
  adminAccess(line: string): void
  /** Goes over to another configuration's files and level. All or nothing. */
  reconfigure(config: KongConfig): Promise<void>
  /** Opens every file anew, after a log rotation. */
  reopen(): void
  flushSync(): void
}

type LogConfig = Pick<
  KongConfig,
  'logLevel' | 'proxyAccessLog' | 'proxyErrorLog' | 'adminAccessLog' | 'adminErrorLog'
>

/** @throws the file system's error when a file cannot be opened; the others are closed again. */
export async function openKongLogs(initial: LogConfig): Promise<KongLogs> {
  let config = initial
  let files = await openFiles(config)
  const append = (path: string | undefined, line: string): void => {
    if (path !== undefined) files.get(path)?.append(line)
  }
  const logTo = (path: () => string): Log => ({
    enabled: (level) => isEnabled(config.logLevel, level),
    write: (level, message) => {
      if (isEnabled(config.logLevel, level)) {
        append(path(), renderErrorLine(new Date(), level, message))
      }
    },
  })
  return {
    log: logTo(() => config.proxyErrorLog),
    adminLog: logTo(() => config.adminErrorLog),
    observer: createLogObserver({
      level: () => config.logLevel,
      errorLine: (line) => append(config.proxyErrorLog, line),
      accessLine: (line) => append(config.proxyAccessLog, line),
    }),
    adminAccess: (line) => append(config.adminAccessLog, line),
    reconfigure: async (next) => {
      const opened = await openFiles(next)
      const old = files
      config = next
      files = opened
      await closeFiles(old.values())
    },
    reopen: () => {
      for (const file of files.values()) file.reopen()
    },
    flushSync: () => {
      for (const file of files.values()) file.flushSync()
    },
    [Symbol.asyncDispose]: () => closeFiles(files.values()),
  }
}

/** One file, or way to a syslog server, for each target, since several logs may share one. */
async function openFiles(config: LogConfig): Promise<ReadonlyMap<string, LogFile>> {
  const { proxyAccessLog, proxyErrorLog, adminAccessLog, adminErrorLog } = config
  const files = new Map<string, LogFile>()
  try {
    for (const path of [proxyAccessLog, proxyErrorLog, adminAccessLog, adminErrorLog]) {
      if (path === undefined || files.has(path)) continue
      files.set(path, isSyslog(path) ? await openSyslog(path) : openLogFile(path))
    }
    return files
  } catch (error) {
    await closeFiles(files.values())
    throw error
  }
}

async function openSyslog(target: string): Promise<LogFile> {
  const { openSyslogLog } = await import('./log-syslog.ts')
  return openSyslogLog(target)
}

async function closeFiles(files: Iterable<LogFile>): Promise<void> {
  await Promise.all(Array.from(files, (file) => file[Symbol.asyncDispose]()))
}
