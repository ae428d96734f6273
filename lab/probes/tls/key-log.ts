/** The secrets of connections: by the client's random, in hexadecimal, and by label. */
export type KeyLog = ReadonlyMap<string, ConnectionSecrets>

export type ConnectionSecrets = ReadonlyMap<string, Uint8Array>

const line = /^([A-Z0-9_]+) ([0-9a-fA-F]{64}) ((?:[0-9a-fA-F]{2})+)$/

/** Reads a file of the NSS key log format (draft-ietf-tls-keylogfile); comments and damaged lines are left out. */
export function parseKeyLog(text: string): KeyLog {
  const found = new Map<string, Map<string, Uint8Array>>()
  for (const each of text.split(/\r?\n/)) {
    const [, label, random, secret] = line.exec(each) ?? []
    if (label === undefined || random === undefined || secret === undefined) continue
    const key = random.toLowerCase()
    const secrets = found.get(key) ?? new Map<string, Uint8Array>()
    secrets.set(label, Buffer.from(secret, 'hex'))
    found.set(key, secrets)
  }
  return found
}
