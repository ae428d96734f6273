import type { HashFacts } from '#core/dataplane/upstreams/address-chooser.ts'
import type { HashInput, TargetPool } from '#core/model/target-pool.ts'

export interface HashKey {
  /** What to hash; undefined = nothing applies, so members take turns. */
  readonly value: string | undefined
  /** Cookie that a client without one is to be given, as a `Set-Cookie` value. */
  readonly setCookie: string | undefined
}

const none: HashKey = { value: undefined, setCookie: undefined }

/** Chooses what a request is hashed by: the pool's first input that has a value. */
export function chooseHashKey(
  { hashOn, hashFallback }: Pick<TargetPool, 'hashOn' | 'hashFallback'>,
  facts: HashFacts,
  makeId: () => string,
): HashKey {
  if (hashOn.kind === 'none') return none
  return keyOf(hashOn, facts, makeId) ?? keyOf(hashFallback, facts, makeId) ?? none
}

function keyOf(input: HashInput, facts: HashFacts, makeId: () => string): HashKey | undefined {
  if (input.kind === 'cookie') {
    const known = facts.cookie(input.name)
    if (known !== undefined && known !== '') return { value: known, setCookie: undefined }
    const id = makeId()
    return { value: id, setCookie: `${input.name}=${id}; Path=${input.path}` }
  }
  const value = valueOf(input, facts)
  return value === undefined || value === '' ? undefined : { value, setCookie: undefined }
}

function valueOf(
  input: Exclude<HashInput, { kind: 'cookie' }>,
  facts: HashFacts,
): string | undefined {
  switch (input.kind) {
    case 'none':
      return undefined
    case 'principal':
      return facts.principalId ?? facts.credentialId
    case 'client-address':
      return facts.clientAddress
    case 'header':
      return facts.header(input.name)
  }
}
