import { flag } from '#core/kong/entities/field-types.ts'
import {
  authenticationFilter,
  refused,
  type Verdict,
} from '#core/kong/plugins/authentication/authentication-filter.ts'
import { anonymousField } from '#core/kong/plugins/authentication/credential.ts'
import { jsonReply } from '#core/kong/plugins/json-reply.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import type { FilteredRequest } from '#core/model/http-filter.ts'
import { decodeBase64 } from './base64-url.ts'
import { checkClaims, type TimeClaim } from './check-claims.ts'
import { findToken } from './find-token.ts'
import { jwtSecrets } from './jwt-secrets.ts'
import { parseToken } from './parse-token.ts'
import { verifySignature } from './verify-signature.ts'

export interface JwtConfig {
  readonly uri_param_names: readonly string[] | null
  readonly cookie_names: readonly string[] | null
  readonly key_claim_name: string
  readonly secret_is_base64: boolean
  readonly claims_to_verify: readonly TimeClaim[] | null
  readonly anonymous: string | null
  readonly run_on_preflight: boolean
  /** In s; 0 = no limit. */
  readonly maximum_expiration: number
}

const names = { type: 'set', elements: { type: 'string' } } as const

/** Asks for a signed token. Kong 1.1, "JWT". */
export const jwt = definePlugin<JwtConfig>({
  name: 'jwt',
  priority: 1005,
  version: '1.0.0',
  runOn: ['first'],
  protocols: ['http', 'https'],
  config: {
    fields: {
      uri_param_names: { ...names, default: ['jwt'] },
      cookie_names: { ...names, default: [] },
      key_claim_name: { type: 'string', default: 'iss' },
      secret_is_base64: flag(false),
      claims_to_verify: { type: 'set', elements: { type: 'string', oneOf: ['exp', 'nbf'] } },
      anonymous: anonymousField,
      run_on_preflight: flag(true),
      maximum_expiration: { type: 'number', default: 0, between: [0, 31_536_000] },
    },
    checks: [
      {
        kind: 'conditional',
        ifField: 'maximum_expiration',
        ifMatch: { gt: 0 },
        thenField: 'claims_to_verify',
        thenMatch: { contains: 'exp' },
      },
    ],
  },
  kinds: [jwtSecrets],
  openHttp: (config, host) =>
    authenticationFilter(host, {
      anonymous: config.anonymous,
      onPreflight: config.run_on_preflight,
      verify: ({ request }) => verify(config, host, request),
    }),
})

function verify(config: JwtConfig, host: PluginHost, request: FilteredRequest): Verdict {
  const [text, ...more] = findToken(request, {
    argumentNames: config.uri_param_names ?? [],
    cookieNames: config.cookie_names ?? [],
  })
  if (more.length > 0) return refused(401, 'Multiple tokens provided')
  if (text === undefined) return refused(401, 'Unauthorized')
  if (text === true) return refused(401, 'Unrecognizable token')
  const token = parseToken(text)
  if (typeof token === 'string') return refused(401, `Bad token; ${token}`)

  const claim = config.key_claim_name
  const key = own(token.claims, claim) ?? own(token.header, claim)
  if (key === undefined) return refused(401, `No mandatory '${claim}' in claims`)
  const credential =
    typeof key === 'string' ? host.entities.find(jwtSecrets, 'key', key) : undefined
  if (credential === undefined) return refused(401, `No credentials found for given '${claim}'`)
  if (token.algorithm !== (credential.algorithm ?? 'HS256'))
    return refused(401, 'Invalid algorithm')
  const kept = token.algorithm.startsWith('HS') ? credential.secret : credential.rsa_public_key
  const secret = config.secret_is_base64 && kept !== null ? decodeBase64(kept) : kept
  if (secret === null || secret === undefined) return refused(401, 'Invalid key/secret')
  if (!verifySignature(token.algorithm, { ...token, key: secret })) {
    return refused(401, 'Invalid signature')
  }
  const faults = checkClaims(token.claims, {
    verified: config.claims_to_verify ?? [],
    longestS: config.maximum_expiration,
    nowS: Math.floor(Date.now() / 1000),
  })
  if (faults !== undefined) return { kind: 'refused', reply: jsonReply(401, faults) }
  return { kind: 'proved', credential }
}

/** A claim that is null or false counts as missing. */
function own(record: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = Object.hasOwn(record, name) ? record[name] : undefined
  return value === null || value === false ? undefined : value
}
