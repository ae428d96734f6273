import { closeSync } from 'node:fs'
import { MeshError, messageOf } from '#core/base/errors.ts'
import { markUpstreams } from '#core/dataplane/socket-mark.ts'
import { openUpstreamSocket } from '#core/dataplane/socket-options.ts'

/** Names the mark of this node's upstream connections, so that rules can exempt them from interception. */
export const socketMarkVariable = 'MESHYARD_SOCKET_MARK'

/**
 * Marks every connection to an upstream, health probes included, as the environment says; without the variable it does
 * nothing. What plugins send to servers of their own is not marked.
 * @throws MeshError when the value is no mark, or this process may not set one.
 */
export function openSocketMark(environment: NodeJS.ProcessEnv): Disposable {
  const value = environment[socketMarkVariable]
  if (value === undefined || value === '') return { [Symbol.dispose]: () => {} }
  const mark = Number(value)
  if (!Number.isInteger(mark) || mark < 1 || mark >= 2 ** 32) {
    throw new MeshError(
      'socket-mark-failed',
      `${socketMarkVariable} is "${value}": it has to be a number from 1 to 4294967295`,
    )
  }
  try {
    closeSync(openUpstreamSocket('127.0.0.1', { mark }))
  } catch (error) {
    const message = `cannot mark connections as ${socketMarkVariable} asks: ${messageOf(error)}; it needs the capability NET_ADMIN or NET_RAW`
    throw new MeshError('socket-mark-failed', message, { cause: error })
  }
  return markUpstreams(mark)
}
