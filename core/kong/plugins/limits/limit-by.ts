import type { HttpExchange } from '#core/model/http-filter.ts'

export type LimitBy = 'consumer' | 'credential' | 'ip'

export const limitByField = {
  type: 'string',
  default: 'consumer',
  oneOf: ['consumer', 'credential', 'ip'],
} as const

/** Whose requests are counted together: where nobody is known, those from one address. */
export function identifyClient(
  { principal, client }: Pick<HttpExchange, 'principal' | 'client'>,
  limitBy: LimitBy,
): string {
  switch (limitBy) {
    case 'consumer':
      return principal?.id ?? client.address
    case 'credential':
      return principal?.credentialId ?? client.address
    case 'ip':
      return client.address
  }
}
