import type { Identity } from '#core/model/identity.ts'
import { certificates } from './entities/certificate.ts'
import type { EntityDirectory } from './entities/entity-directory.ts'
import { snis } from './entities/sni.ts'

/** Compiles which certificate is presented for which server name. */
export function compileServerNames(entities: EntityDirectory): ReadonlyMap<string, Identity> {
  const identities = new Map(
    entities
      .list(certificates)
      .map(({ id, cert, key }) => [id, { certificate: cert, privateKey: key }]),
  )
  return new Map(
    entities.list(snis).flatMap(({ name, certificate }): [string, Identity][] => {
      const identity = identities.get(certificate.id)
      return identity === undefined ? [] : [[name.toLowerCase(), identity]]
    }),
  )
}
