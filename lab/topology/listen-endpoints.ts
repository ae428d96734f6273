import type { Endpoint } from './topology.ts'

const entry = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<four>[0-9.]+)):(?<port>\d{1,5})(?:\s|$)/

/** The addresses of a Kong listen setting such as `127.0.0.3:9000 transparent, [::1]:9443 ssl`; none for `off`. */
export function parseListenEndpoints(text: string): readonly Endpoint[] {
  if (text.trim() === 'off') return []
  return text.split(',').map((part) => {
    const { six, four, port } = entry.exec(part.trim())?.groups ?? {}
    const address = six ?? four
    if (address === undefined) {
      throw new RangeError(`"${part.trim()}" is no listen address such as 127.0.0.1:8000`)
    }
    return { address, port: Number(port) }
  })
}
