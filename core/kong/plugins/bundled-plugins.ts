import type { KongPlugin } from './plugin.ts'

/** The plugins that come with a node, by name; each file is loaded when it is asked for. */
export const bundledPlugins: ReadonlyMap<string, () => Promise<KongPlugin>> = new Map<
  string,
  () => Promise<KongPlugin>
>([
  ['acl', async () => (await import('./acl/acl.ts')).acl],
  ['basic-auth', async () => (await import('./basic-auth/basic-auth.ts')).basicAuth],
  ['bot-detection', async () => (await import('./bot-detection/bot-detection.ts')).botDetection],
  [
    'correlation-id',
    async () => (await import('./correlation-id/correlation-id.ts')).correlationId,
  ],
  ['cors', async () => (await import('./cors/cors.ts')).cors],
  ['file-log', async () => (await import('./file-log/file-log.ts')).fileLog],
  ['hmac-auth', async () => (await import('./hmac-auth/hmac-auth.ts')).hmacAuth],
  ['http-log', async () => (await import('./http-log/http-log.ts')).httpLog],
  [
    'ip-restriction',
    async () => (await import('./ip-restriction/ip-restriction.ts')).ipRestriction,
  ],
  ['jwt', async () => (await import('./jwt/jwt.ts')).jwt],
  ['key-auth', async () => (await import('./key-auth/key-auth.ts')).keyAuth],
  ['prometheus', async () => (await import('./prometheus/prometheus.ts')).prometheus],
  ['rate-limiting', async () => (await import('./rate-limiting/rate-limiting.ts')).rateLimiting],
  [
    'request-size-limiting',
    async () =>
      (await import('./request-size-limiting/request-size-limiting.ts')).requestSizeLimiting,
  ],
  [
    'request-termination',
    async () => (await import('./request-termination/request-termination.ts')).requestTermination,
  ],
  [
    'request-transformer',
    async () => (await import('./request-transformer/request-transformer.ts')).requestTransformer,
  ],
  [
    'response-ratelimiting',
    async () =>
      (await import('./response-ratelimiting/response-ratelimiting.ts')).responseRatelimiting,
  ],
  [
    'response-transformer',
    async () =>
      (await import('./response-transformer/response-transformer.ts')).responseTransformer,
  ],
  ['statsd', async () => (await import('./statsd/statsd.ts')).statsd],
  ['syslog', async () => (await import('./syslog/syslog.ts')).syslog],
  ['tcp-log', async () => (await import('./tcp-log/tcp-log.ts')).tcpLog],
  ['udp-log', async () => (await import('./udp-log/udp-log.ts')).udpLog],
  ['zipkin', async () => (await import('./zipkin/zipkin.ts')).zipkin],
])
