import { closeSync, openSync, writeSync } from 'node:fs'
import { MeshError, messageOf } from '#core/base/errors.ts'
import type { Log } from '#core/base/log.ts'
import { logTlsKeys } from '#core/tls/key-log.ts'

/** Names the file that TLS secrets are appended to, as SSLKEYLOGFILE does for other programs. */
export const keyLogVariable = 'MESHYARD_KEYLOG'

/**
 * Appends the secrets of every proxied TLS connection to the file that the environment names, and says so in the log;
 * without the variable it does nothing. Several processes may share a file.
 * @throws MeshError when the file cannot be opened.
 */
export function openKeyLogFile(environment: NodeJS.ProcessEnv, log: Log): Disposable {
  const path = environment[keyLogVariable]
  if (path === undefined || path === '') return { [Symbol.dispose]: () => {} }
  const file = openForAppending(path)
  log.write('warn', `the secrets of all TLS connections are written to ${path} (${keyLogVariable})`)
  const logging = logTlsKeys((line) => writeSync(file, line))
  return {
    [Symbol.dispose]: () => {
      logging[Symbol.dispose]()
      closeSync(file)
    },
  }
}

function openForAppending(path: string): number {
  try {
    return openSync(path, 'a', 0o600)
  } catch (error) {
    const message = `cannot write TLS secrets to the file that ${keyLogVariable} names: ${messageOf(error)}`
    throw new MeshError('key-log-failed', message, { cause: error })
  }
}
