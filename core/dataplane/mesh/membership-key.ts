import { createHash } from 'node:crypto'
import type { MeshMembership } from '#core/model/mesh.ts'

const keys = new WeakMap<MeshMembership, string>()

/** Short text that is equal for equal memberships: a connection made under one is not used under another. */
export function membershipKey(mesh: MeshMembership | undefined): string {
  if (mesh === undefined) return ''
  let key = keys.get(mesh)
  if (key === undefined) keys.set(mesh, (key = digest(mesh)))
  return key
}

function digest({ authorities }: MeshMembership): string {
  const hash = createHash('sha256')
  for (const { protocol, certificate, identity } of authorities) {
    hash.update(JSON.stringify([protocol, certificate, identity.certificate]))
  }
  return hash.digest('base64').slice(0, 16)
}
