import { compileUserPattern, type UserPattern } from '#core/kong/plugins/user-pattern.ts'

/** What `Access-Control-Allow-Origin` is for a request from this origin. */
export type AllowedOrigin =
  | { readonly kind: 'any' }
  | { readonly kind: 'one'; readonly origin: string }
  | { readonly kind: 'none' }

/**
 * Compiles the origins of the settings: `*`, origins, and regular expressions, which must match the whole origin, or
 * only its host when they contain no colon. A single origin is announced to everybody.
 */
export function compileOrigins(
  origins: readonly string[],
): (origin: string | undefined) => AllowedOrigin {
  if (origins.length === 0 || origins.includes('*')) return () => ({ kind: 'any' })
  const [only = ''] = origins
  if (origins.length === 1 && isLiteral(only)) return () => ({ kind: 'one', origin: only })
  const rules = origins.map(compileOrigin)
  return (origin) => {
    if (origin === undefined || origin.length > maxOriginLength) return { kind: 'none' }
    const { whole, host } = normalizeOrigin(origin)
    return rules.some((matches) => matches(whole, host))
      ? { kind: 'one', origin: whole }
      : { kind: 'none' }
  }
}

/** A host name has at most 253 characters. */
const maxOriginLength = 512

function compileOrigin(entry: string): (whole: string, host: string) => boolean {
  if (isLiteral(entry)) {
    const wanted = normalizeOrigin(entry).whole
    return (whole) => whole === wanted
  }
  const pattern = compileWhole(entry)
  return entry.includes(':') ? (whole) => pattern.test(whole) : (_, host) => pattern.test(host)
}

/** @throws SyntaxError */
export function compileWhole(entry: string): UserPattern {
  return compileUserPattern(`^(?:${entry.replace(/^\^/, '').replace(/\$$/, '')})$`)
}

function isLiteral(entry: string): boolean {
  return /^[A-Za-z0-9.:/-]+$/.test(entry)
}

/** Leaves out the usual port of the scheme and everything after the authority. */
function normalizeOrigin(origin: string): { readonly whole: string; readonly host: string } {
  const [, scheme, host, port] =
    /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?/.exec(origin) ?? []
  if (scheme === undefined || host === undefined || host === '') {
    return { whole: origin, host: origin }
  }
  const usual = { http: '80', https: '443' }[scheme]
  const shown = port === undefined || port === '' || port === usual ? '' : `:${port}`
  return { whole: `${scheme}://${host}${shown}`, host }
}
