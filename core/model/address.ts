/** One end of a TCP connection. IPv6 without brackets, IPv4 never in its `::ffff:` disguise. */
export interface SocketAddress {
  readonly address: string
  readonly port: number
}

/** `127.0.0.1:80` or `[::1]:80`. */
export function formatAddress(end: SocketAddress): string {
  return end.address.includes(':') ? `[${end.address}]:${end.port}` : `${end.address}:${end.port}`
}
