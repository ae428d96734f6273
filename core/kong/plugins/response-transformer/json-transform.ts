import type { Changes } from '#core/kong/plugins/transformation/change.ts'
import { changeJson } from '#core/kong/plugins/transformation/change-json.ts'

const maxHeld = 8 * 1024 * 1024
const nothing = Buffer.alloc(0)

/**
 * Holds a body back until it is complete and changes it then. What is no JSON object, or longer than 8 MiB, passes as
 * it is.
 */
export function openJsonTransform(
  changes: Changes,
): (piece: Uint8Array, last: boolean) => Uint8Array {
  let held: Uint8Array[] | undefined = []
  let size = 0
  return (piece, last) => {
    if (held === undefined) return piece
    held.push(piece)
    size += piece.length
    if (!last && size <= maxHeld) return nothing
    const body = Buffer.concat(held)
    held = undefined
    if (size === 0 || size > maxHeld) return body
    const changed = changeJson(body.toString('utf8'), changes)
    return changed === undefined ? body : Buffer.from(changed)
  }
}
