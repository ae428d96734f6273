import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { messageOf } from '#core/base/errors.ts'
import { DialError } from './dial-error.ts'

/**
 * The addresses of a host in the system resolver's order; an IP literal is its own address and never asks anybody.
 * @throws DialError `name-resolution`.
 */
export async function resolveHost(host: string): Promise<readonly [string, ...string[]]> {
  if (isIP(host) !== 0) return [host]
  try {
    const found = await lookup(host, { all: true, order: 'ipv4first' })
    const [first, ...rest] = found.map(({ address }) => address)
    if (first !== undefined) return [first, ...rest]
  } catch (error) {
    const reason = `${host} could not be resolved (${messageOf(error)})`
    throw new DialError('name-resolution', host, reason, { cause: error })
  }
  throw new DialError('name-resolution', host, `${host} could not be resolved (it has no address)`)
}
