import { createHash, createHmac } from 'node:crypto'
import { flag } from '#core/kong/entities/field-types.ts'
import {
  authenticationFilter,
  refused,
  type Verdict,
} from '#core/kong/plugins/authentication/authentication-filter.ts'
import { anonymousField } from '#core/kong/plugins/authentication/credential.ts'
import { sameSecret } from '#core/kong/plugins/authentication/same-secret.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import { wireText } from '#core/kong/plugins/wire-text.ts'
import type { HeaderList } from '#core/model/header-list.ts'
import { BodyTooLargeError, type FilteredRequest } from '#core/model/http-filter.ts'
import { hmacAuthCredentials } from './hmac-auth-credentials.ts'
import { parseHttpDate } from './parse-http-date.ts'
import { type HmacSignature, parseHmacSignature } from './parse-signature.ts'
import { signedText } from './signed-text.ts'

export interface HmacAuthConfig {
  readonly hide_credentials: boolean
  /** In s. */
  readonly clock_skew: number
  readonly anonymous: string | null
  readonly validate_request_body: boolean
  readonly enforce_headers: readonly string[] | null
  readonly algorithms: readonly string[] | null
}

const algorithms = ['hmac-sha1', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const

/** Asks for a signature over parts of the request. Kong 1.1, "HMAC Authentication". */
export const hmacAuth = definePlugin<HmacAuthConfig>({
  name: 'hmac-auth',
  priority: 1000,
  version: '1.0.0',
  runOn: ['first'],
  protocols: ['http', 'https'],
  unbound: ['consumer'],
  config: {
    fields: {
      hide_credentials: flag(false),
      clock_skew: { type: 'number', default: 300, gt: 0 },
      anonymous: anonymousField,
      validate_request_body: flag(false),
      enforce_headers: { type: 'array', elements: { type: 'string' }, default: [] },
      algorithms: {
        type: 'array',
        elements: { type: 'string', oneOf: algorithms },
        default: algorithms,
      },
    },
  },
  kinds: [hmacAuthCredentials],
  openHttp: (config, host) =>
    authenticationFilter(host, {
      anonymous: config.anonymous,
      verify: ({ request }) => verify(config, host, request),
    }),
})

function verify(
  config: HmacAuthConfig,
  host: PluginHost,
  request: FilteredRequest,
): Verdict | Promise<Verdict> {
  const { headers } = request
  if (!headers.has('Authorization') && !headers.has('Proxy-Authorization')) {
    return refused(401, 'Unauthorized')
  }
  if (!isTimely(headers, config.clock_skew)) {
    return refused(
      401,
      'HMAC signature cannot be verified, a valid date or x-date header is required for HMAC Authentication',
    )
  }
  const given = takeSignature(headers, config)
  const credential =
    given && isAcceptable(given, config)
      ? host.entities.find(hmacAuthCredentials, 'username', wireText(given.username))
      : undefined
  if (!given || !credential) return refused(401, 'HMAC signature cannot be verified')
  const verdict: Verdict = isSignedBy(credential.secret, given, request)
    ? { kind: 'proved', credential }
    : mismatch()
  if (verdict.kind === 'refused' || !config.validate_request_body) return verdict
  return matchesDigest(request).then((matches) => (matches ? verdict : mismatch()))
}

function mismatch(): Verdict {
  return refused(401, 'HMAC signature does not match')
}

function isTimely(headers: HeaderList, skewS: number): boolean {
  const nowS = Math.floor(Date.now() / 1000)
  return ['X-Date', 'Date'].some((name) => {
    const timeMs = parseHttpDate(headers.get(name) ?? '')
    return timeMs !== undefined && Math.abs(nowS - timeMs / 1000) <= skewS
  })
}

function takeSignature(
  headers: HeaderList,
  { hide_credentials: hide }: HmacAuthConfig,
): HmacSignature | undefined {
  const proxied = parseHmacSignature(headers.get('Proxy-Authorization'))
  const given = proxied ?? parseHmacSignature(headers.get('Authorization'))
  if (hide) headers.remove(proxied === undefined ? 'Authorization' : 'Proxy-Authorization')
  return given
}

function isAcceptable(given: HmacSignature, config: HmacAuthConfig): boolean {
  return (
    (config.enforce_headers ?? []).every((name) => given.headers.includes(name)) &&
    (config.algorithms ?? []).includes(given.algorithm)
  )
}

/** Also accepts the request line without its query, which clients of Kong before 0.13 sign. */
function isSignedBy(secret: string, given: HmacSignature, request: FilteredRequest): boolean {
  const signature = Buffer.from(given.signature, 'base64')
  const hash = given.algorithm.replace('hmac-', '')
  return [true, false].some((withQuery) => {
    const text = signedText(request, given.headers, { withQuery })
    return sameSecret(createHmac(hash, secret).update(text, 'latin1').digest(), signature)
  })
}

/** A request without body needs no Digest (RFC 3230). */
async function matchesDigest(request: FilteredRequest): Promise<boolean> {
  let body: Buffer
  try {
    body = await request.readBody()
  } catch (error) {
    if (error instanceof BodyTooLargeError) return false
    throw error
  }
  const digest = request.headers.get('Digest')
  if (digest === undefined) return body.length === 0
  return sameSecret(`SHA-256=${createHash('sha256').update(body).digest('base64')}`, digest)
}
