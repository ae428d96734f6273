import { definePlugin } from '#core/kong/plugins/plugin.ts'
import { webPluginRules } from '#core/kong/plugins/web-plugin-rules.ts'
import { wireBytes } from '#core/kong/plugins/wire-bytes.ts'
import type { ListField } from '#core/kong/schema/field.ts'
import type { HttpExchange } from '#core/model/http-filter.ts'
import { type AllowedOrigin, compileOrigins, compileWhole } from './allowed-origin.ts'

interface CorsConfig {
  readonly origins: readonly string[] | null
  readonly headers: readonly string[] | null
  readonly exposed_headers: readonly string[] | null
  readonly methods: readonly string[] | null
  /** In s. */
  readonly max_age: number | null
  readonly credentials: boolean
  /** Whether the upstream answers preflight requests itself. */
  readonly preflight_continue: boolean
}

const headerNames: ListField = {
  type: 'array',
  elements: { type: 'string', notMatch: /[\r\n]/ },
}

const defaultMethods = 'GET,HEAD,PUT,PATCH,POST,DELETE'

/** Answers preflight requests and marks answers for browsers. Kong 1.1, "CORS". */
export const cors = definePlugin<CorsConfig>({
  ...webPluginRules,
  name: 'cors',
  priority: 2000,
  unbound: ['consumer'],
  config: {
    fields: {
      origins: { type: 'array', elements: { type: 'string', check: checkOrigin } },
      headers: headerNames,
      exposed_headers: headerNames,
      methods: {
        type: 'array',
        elements: { type: 'string', oneOf: ['HEAD', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE'] },
      },
      max_age: { type: 'number' },
      credentials: { type: 'boolean', default: false },
      preflight_continue: { type: 'boolean', default: false },
    },
  },
  openHttp: (config) => {
    const originFor = compileOrigins(config.origins ?? [])
    const judge = (exchange: HttpExchange): OriginHeaders => {
      const origin = exchange.request.headers.get('Origin')
      return originHeaders(originFor(origin), origin, config.credentials)
    }
    return {
      access: (exchange) => {
        if (!isPreflight(exchange)) return
        // The upstream says everything, or all is said here.
        exchange.notes.set(config, 'preflight')
        if (config.preflight_continue) return
        const { set, vary } = judge(exchange)
        const headers = [...set, ...preflightHeaders(exchange, config)]
        exchange.answer({ status: 200, headers: vary ? [['Vary', 'Origin'], ...headers] : headers })
      },
      responseHead: (exchange) => {
        const headers = exchange.response?.headers
        if (headers === undefined || exchange.notes.has(config)) return
        const { set, vary } = judge(exchange)
        headers.remove('Access-Control-Allow-Origin')
        for (const [name, value] of set) headers.set(name, value)
        if (vary && !headers.getAll('Vary').some(namesOrigin)) headers.add('Vary', 'Origin')
        if (config.exposed_headers?.length) {
          headers.set('Access-Control-Expose-Headers', wireBytes(config.exposed_headers.join(',')))
        }
      },
    }
  },
})

function checkOrigin(text: string): string | undefined {
  if (text === '*') return undefined
  try {
    compileWhole(text)
    return undefined
  } catch {
    return `'${text}' is not a valid regex`
  }
}

function isPreflight({ request }: HttpExchange): boolean {
  const { method, headers } = request
  return (
    method === 'OPTIONS' && headers.has('Origin') && headers.has('Access-Control-Request-Method')
  )
}

interface OriginHeaders {
  readonly set: readonly (readonly [name: string, value: string])[]
  /** Whether another origin would have been answered otherwise. */
  readonly vary: boolean
}

/** A browser takes no credentials from an answer for `*`. */
function originHeaders(
  allowed: AllowedOrigin,
  origin: string | undefined,
  credentials: boolean,
): OriginHeaders {
  const withCredentials = credentials
    ? ([['Access-Control-Allow-Credentials', 'true']] as const)
    : []
  switch (allowed.kind) {
    case 'any':
      if (!credentials || origin === undefined) {
        return { set: [['Access-Control-Allow-Origin', '*']], vary: credentials }
      }
      return { set: [['Access-Control-Allow-Origin', origin], ...withCredentials], vary: true }
    case 'one':
      return {
        set: [['Access-Control-Allow-Origin', allowed.origin], ...withCredentials],
        vary: true,
      }
    case 'none':
      return { set: withCredentials, vary: true }
  }
}

function preflightHeaders(
  { request }: HttpExchange,
  { headers, methods, max_age: maxAge }: CorsConfig,
): (readonly [name: string, value: string])[] {
  const asked = request.headers.get('Access-Control-Request-Headers')
  const allowed = headers?.length ? wireBytes(headers.join(',')) : asked
  return [
    ...(allowed === undefined ? [] : [['Access-Control-Allow-Headers', allowed] as const]),
    ['Access-Control-Allow-Methods', methods?.length ? methods.join(',') : defaultMethods],
    ...(maxAge === null ? [] : [['Access-Control-Max-Age', `${maxAge}`] as const]),
  ]
}

function namesOrigin(vary: string): boolean {
  return vary.split(',').some((name) => ['origin', '*'].includes(name.trim().toLowerCase()))
}
