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
import type { HeaderList } from '#core/model/header-list.ts'
import { basicAuthCredentials } from './basic-auth-credentials.ts'
import { hashPassword } from './hash-password.ts'
import { parseBasic } from './parse-basic.ts'

export interface BasicAuthConfig {
  readonly anonymous: string | null
  readonly hide_credentials: boolean
}

/** Asks for a user name and a password. Kong 1.1, "Basic Authentication". */
export const basicAuth = definePlugin<BasicAuthConfig>({
  name: 'basic-auth',
  priority: 1001,
  version: '1.0.0',
  runOn: ['first'],
  protocols: ['http', 'https'],
  unbound: ['consumer'],
  config: { fields: { anonymous: anonymousField, hide_credentials: flag(false) } },
  kinds: [basicAuthCredentials],
  openHttp: (config, host) =>
    authenticationFilter(host, {
      anonymous: config.anonymous,
      verify: ({ request }) => verify(config, host, request.headers),
    }),
})

/** The first header whose user exists is the one that counts. */
function verify(config: BasicAuthConfig, host: PluginHost, headers: HeaderList): Verdict {
  if (!places.some((place) => headers.has(place))) {
    return refused(401, 'Unauthorized', [['WWW-Authenticate', 'Basic realm="kong"']])
  }
  for (const place of places) {
    const given = parseBasic(headers.get(place))
    if (config.hide_credentials) headers.remove(place)
    const credential = given && host.entities.find(basicAuthCredentials, 'username', given.username)
    if (!given || !credential) continue
    const hash = hashPassword(given.password, credential.consumer?.id ?? '')
    if (sameSecret(hash, credential.password)) return { kind: 'proved', credential }
    break
  }
  return refused(401, 'Invalid authentication credentials')
}

const places = ['Proxy-Authorization', 'Authorization'] as const
