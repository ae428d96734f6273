/**
 * Whether two authorities (`host` or `host:port`) name the same place: letters count alike in either case, and a port
 * that is not given is the scheme's own.
 */
export function sameAuthority(one: string, other: string, scheme: 'http' | 'https'): boolean {
  return one === other || normalised(one, scheme) === normalised(other, scheme)
}

function normalised(authority: string, scheme: 'http' | 'https'): string {
  const [, host = authority, port = ''] = /^(.*?)(?::(\d*))?$/.exec(authority) ?? []
  const number = port === '' ? (scheme === 'https' ? 443 : 80) : Number(port)
  return `${host.toLowerCase()}:${number}`
}
