import { flag } from '#core/kong/entities/field-types.ts'
import {
  authenticationFilter,
  refused,
  type Verdict,
} from '#core/kong/plugins/authentication/authentication-filter.ts'
import { anonymousField } from '#core/kong/plugins/authentication/credential.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import { argumentValues, withoutArgument } from '#core/kong/plugins/query-arguments.ts'
import { wireText } from '#core/kong/plugins/wire-text.ts'
import { BodyTooLargeError, type FilteredRequest } from '#core/model/http-filter.ts'
import { headerNameField } from './header-name.ts'
import { keyAuthCredentials } from './key-auth-credentials.ts'
import { type BodyArguments, readBodyArguments } from './key-in-body.ts'

export interface KeyAuthConfig {
  readonly key_names: readonly string[]
  readonly hide_credentials: boolean
  readonly anonymous: string | null
  readonly key_in_body: boolean
  readonly run_on_preflight: boolean
}

/** Asks for a key in a header, the query string or the body. Kong 1.1, "Key Authentication". */
export const keyAuth = definePlugin<KeyAuthConfig>({
  name: 'key-auth',
  priority: 1003,
  version: '1.0.0',
  runOn: ['first'],
  protocols: ['http', 'https'],
  unbound: ['consumer'],
  config: {
    fields: {
      key_names: { type: 'array', elements: headerNameField, default: ['apikey'], required: true },
      hide_credentials: flag(false),
      anonymous: anonymousField,
      key_in_body: flag(false),
      run_on_preflight: flag(true),
    },
  },
  kinds: [keyAuthCredentials],
  openHttp: (config, host) =>
    authenticationFilter(host, {
      anonymous: config.anonymous,
      onPreflight: config.run_on_preflight,
      verify: ({ request }) =>
        config.key_in_body
          ? verifyWithBody(config, host, request)
          : verify(config, host, request, undefined),
    }),
})

async function verifyWithBody(
  config: KeyAuthConfig,
  host: PluginHost,
  request: FilteredRequest,
): Promise<Verdict> {
  const bytes = await request.readBody().catch((error: unknown) => {
    if (error instanceof BodyTooLargeError) return undefined
    throw error
  })
  const body = bytes && readBodyArguments(bytes, request.headers.get('Content-Type'))
  return body === undefined
    ? refused(400, 'Cannot process request body')
    : verify(config, host, request, body)
}

function verify(
  { key_names: names, hide_credentials: hide }: KeyAuthConfig,
  host: PluginHost,
  request: FilteredRequest,
  body: BodyArguments | undefined,
): Verdict {
  for (const name of names) {
    const [key, ...more] = valuesOf(name, request, body)
    if (more.length > 0) return refused(401, 'Duplicate API key found')
    if (typeof key !== 'string') continue
    if (hide) hideKey(name, request, body)
    if (key === '') break
    const credential = host.entities.find(keyAuthCredentials, 'key', key)
    return credential === undefined
      ? refused(401, 'Invalid authentication credentials')
      : { kind: 'proved', credential }
  }
  return refused(401, 'No API key found in request', [['WWW-Authenticate', 'Key realm="kong"']])
}

/** What the first place that has this name says. */
function valuesOf(
  name: string,
  { headers, query }: FilteredRequest,
  body: BodyArguments | undefined,
): readonly unknown[] {
  for (const spelling of spellings(name)) {
    const fields = headers.getAll(spelling)
    if (fields.length > 0) return fields.map(wireText)
  }
  const values = argumentValues(query, name)
  return values.length > 0 ? values : (body?.values(name) ?? [])
}

function hideKey(name: string, request: FilteredRequest, body: BodyArguments | undefined): void {
  for (const spelling of spellings(name)) request.headers.remove(spelling)
  request.query = withoutArgument(request.query, name)
  if (body !== undefined) request.replaceBody(body.without(name))
}

/** A name with underscores also means the header with dashes. */
function spellings(name: string): readonly string[] {
  return name.includes('_') ? [name, name.replaceAll('_', '-')] : [name]
}
