import { isOn, splitList } from './typed-settings.ts'

/**
 * Says which settings of Kong 1.1 ask for something that a node does not do. Each is refused, because a node that took
 * it and did nothing would mislead.
 */
export function unsupportedFaults(merged: ReadonlyMap<string, string>): string[] {
  const text = (key: string): string => merged.get(key) ?? ''
  const faults: string[] = []
  const database = text('database')
  if (database === 'postgres' || database === 'cassandra') {
    faults.push(
      `database '${database}' is not supported: use 'sqlite', which nodes share by naming the same sqlite_file`,
    )
  }
  if (database === 'off' && text('declarative_config') !== '') {
    faults.push(
      "declarative_config is not supported yet: leave it out and create entities through the Admin API with database 'sqlite'",
    )
  }
  if (text('origins') !== '') {
    faults.push(`origins is not supported yet: leave it out, got '${text('origins')}'`)
  }
  if (isOn(text('client_ssl'))) {
    faults.push('client_ssl is not supported yet: leave it off')
  }
  for (const key of ['proxy_listen', 'stream_listen', 'admin_listen']) {
    for (const entry of splitList(text(key))) {
      const words = entry.split(/\s+/)
      if (words.includes('proxy_protocol')) {
        faults.push(
          `${key}: the flag proxy_protocol is not supported yet: remove it from '${entry}'`,
        )
      }
      if (words.includes('http2') && !words.includes('ssl')) {
        faults.push(
          `${key}: the flag http2 is not supported yet without ssl: remove it from '${entry}'`,
        )
      }
    }
  }
  for (const key of [
    'proxy_access_log',
    'proxy_error_log',
    'admin_access_log',
    'admin_error_log',
  ]) {
    if (text(key).startsWith('syslog:')) {
      faults.push(`${key} cannot be sent to syslog: name a file, got '${text(key)}'`)
    }
  }
  return faults
}
