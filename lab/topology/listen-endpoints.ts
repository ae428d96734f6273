import type { Endpoint } from './topology.ts'

/** One entry of a listen setting. */
export interface Listener extends Endpoint {
  /** Such as `ssl` and `transparent`. */
  readonly flags: readonly string[]
}

const entry =
  /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<four>[0-9.]+)):(?<port>\d{1,5})(?<flags>(?:\s+[a-z_0-9=]+)*)$/

/** The listeners of a setting such as `127.0.0.3:9000 transparent, [::1]:9443 ssl`; none for `off`. */
export function parseListenEndpoints(text: string): readonly Listener[] {
  if (text.trim() === 'off') return []
  return text.split(',').map((part) => {
    const { six, four, port, flags = '' } = entry.exec(part.trim())?.groups ?? {}
    const address = six ?? four
    if (address === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw new RangeError(`"${part.trim()}" is no listen address such as 127.0.0.1:8000`)
    }
    return {
      address,
      port: Number(port),
      flags: flags.split(/\s+/).filter((flag) => flag !== ''),
    }
  })
}

/** Where a Kong listens whose settings do not say. */
const usualListeners = {
  stream_listen: 'off',
  proxy_listen: '0.0.0.0:8000, 0.0.0.0:8443 ssl',
  admin_listen: '127.0.0.1:8001, 127.0.0.1:8444 ssl',
} as const

export type ListenSetting = keyof typeof usualListeners

export const listenSettings = ['stream_listen', 'proxy_listen', 'admin_listen'] as const

const knownFlags: Readonly<Record<ListenSetting, readonly string[]>> = {
  stream_listen: ['proxy_protocol', 'transparent'],
  proxy_listen: ['ssl', 'http2', 'proxy_protocol', 'transparent'],
  admin_listen: ['ssl', 'http2', 'proxy_protocol', 'transparent'],
}

/** The listeners of a Kong, by setting. @throws RangeError for one that cannot be read. */
export function kongListeners(
  settings: Readonly<Record<string, string>>,
  setting: ListenSetting,
): readonly Listener[] {
  const listeners = parseListenEndpoints(settings[setting] ?? usualListeners[setting])
  for (const flag of listeners.flatMap(({ flags }) => flags)) {
    if (knownFlags[setting].includes(flag)) continue
    throw new RangeError(
      `"${flag}" is no flag of a listener: use ${knownFlags[setting].join(', ')}`,
    )
  }
  return listeners
}
