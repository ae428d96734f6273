import { z } from 'zod'

const functionType = z.custom<() => unknown>(
  (value) => typeof value === 'function',
  'is no function',
)

const shape = z.looseObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "must be of lower-case letters, digits and '-'"),
  priority: z.number(),
  version: z.string().optional(),
  config: z.looseObject({ fields: z.record(z.string(), z.looseObject({ type: z.string() })) }),
  runOn: z.array(z.enum(['first', 'second', 'all'])).optional(),
  protocols: z.array(z.enum(['http', 'https', 'tcp', 'tls'])).optional(),
  unbound: z.array(z.enum(['consumer', 'route', 'service'])).optional(),
  openHttp: functionType.optional(),
  openStream: functionType.optional(),
  adminEndpoints: functionType.optional(),
})

/** What a file must still do to be a plugin; empty = nothing. */
export function pluginFaults(exported: unknown): readonly string[] {
  if (exported === undefined) return ['it has no default export']
  const parsed = shape.safeParse(exported)
  if (parsed.success) return []
  return parsed.error.issues.map(({ path, message }) => {
    const place = path.length === 0 ? 'the default export' : `'${path.join('.')}'`
    return `${place}: ${message}`
  })
}
