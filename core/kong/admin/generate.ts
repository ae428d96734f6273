import { randomInt, randomUUID } from 'node:crypto'
import type { Generate } from '#core/kong/schema/fill-defaults.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** The clock and the random numbers of this machine. */
export const systemGenerate: Generate = {
  now: () => Date.now(),
  uuid: () => randomUUID(),
  secret: () => Array.from({ length: 32 }, () => alphabet[randomInt(alphabet.length)]).join(''),
}
