import { createHash } from 'node:crypto'

/** What is stored in place of a password: hexadecimal SHA-1 of it and the consumer's id. Kong 1.1, "Basic Authentication". */
export function hashPassword(password: string, consumerId: string): string {
  return createHash('sha1').update(password).update(consumerId).digest('hex')
}
