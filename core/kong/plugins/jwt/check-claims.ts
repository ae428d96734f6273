export type TimeClaim = 'exp' | 'nbf'

/**
 * What is wrong with a token's times, by claim, or nothing. `nowS` is Unix time in s; `longestS` is how far away `exp`
 * may be, 0 = any distance. Kong 1.1, "JWT", `claims_to_verify` and `maximum_expiration`.
 */
export function checkClaims(
  claims: Readonly<Record<string, unknown>>,
  {
    verified,
    longestS,
    nowS,
  }: {
    readonly verified: readonly TimeClaim[]
    readonly longestS: number
    readonly nowS: number
  },
): Readonly<Partial<Record<TimeClaim, string>>> | undefined {
  const faults: Partial<Record<TimeClaim, string>> = {}
  for (const name of verified) {
    const value = claims[name]
    if (typeof value !== 'number') faults[name] = 'must be a number'
    else if (name === 'exp' && value <= nowS) faults.exp = 'token expired'
    else if (name === 'nbf' && value > nowS) faults.nbf = 'token not valid yet'
  }
  if (Object.keys(faults).length > 0) return faults
  const exp = claims['exp']
  const tooFar = longestS > 0 && !(typeof exp === 'number' && exp - nowS <= longestS)
  return tooFar ? { exp: 'exceeds maximum allowed expiration' } : undefined
}
