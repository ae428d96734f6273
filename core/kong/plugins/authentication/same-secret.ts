import { createHash, timingSafeEqual } from 'node:crypto'

/** Compares secrets in a time that says nothing about where, or whether, they differ. */
export function sameSecret(one: string | Uint8Array, other: string | Uint8Array): boolean {
  return timingSafeEqual(digest(one), digest(other))
}

/** `timingSafeEqual` wants equal lengths. */
function digest(secret: string | Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest()
}
