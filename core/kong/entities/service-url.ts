/** What a Service's `url` stands for. A text without scheme and host is taken for a path. */
export function expandServiceUrl(value: unknown): Readonly<Record<string, unknown>> {
  const text = typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value)
  if (text === undefined || text === '') return {}
  const [, scheme, authority, rest = ''] =
    /^(?:([A-Za-z0-9][A-Za-z0-9+.-]*):)?(?:\/\/([^/]*))?([^]*)$/.exec(text) ?? []
  const { host, port } = splitAuthority(authority ?? '')
  const path = rest.replace(/[#?;][^]*$/, '')
  return {
    ...(scheme === undefined ? {} : { protocol: scheme }),
    ...(host === '' ? {} : { host }),
    ...portOf(port, scheme),
    path: path === '' ? null : path,
  }
}

function splitAuthority(authority: string): { host: string; port: string | undefined } {
  const end = authority.slice(authority.indexOf('@') + 1)
  const [, host = '', port] = /^([^]*?)(?::([^:\]]*))?$/.exec(end) ?? []
  return { host: host.replace(/^\[(.+)\]$/, '$1'), port }
}

function portOf(port: string | undefined, scheme: string | undefined): { port?: unknown } {
  if (port !== undefined && port !== '') {
    return { port: /^\d+$/.test(port) ? Number(port) : port }
  }
  if (scheme === 'http') return { port: 80 }
  return scheme === 'https' ? { port: 443 } : {}
}
