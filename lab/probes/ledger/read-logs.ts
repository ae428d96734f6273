import { canariesIn } from '#lab/probes/canary.ts'
import type { Entry } from './book.ts'

/** A log, or what was added to it. */
export interface LogText {
  readonly node: string
  readonly name: string
  readonly text: string
}

/** Each line of a log that names ids, once for each; lines are counted from 1. */
export function linesWithIds(log: LogText): readonly Entry[] {
  return linesOf(log).flatMap(({ line, where }) =>
    [...new Set(canariesIn(line))].map((id) => ({ id, where })),
  )
}

/** That a node claims to have taken a connection. */
export interface Taken {
  /** Address and port of who dialled, as `10.1.0.2:40000`. */
  readonly client: string
  readonly where: string
}

/** Of a proxy: `client 10.1.0.2:40000 connected to …`. Of ncat: `Ncat: Connection from 10.1.0.2:40000.`. */
const taken = /\bclient (\S+:\d+) connected to |^Ncat: Connection from (\S+:\d+)\.$/

/** The connections that a log tells of. */
export function connectionsTaken(log: LogText): readonly Taken[] {
  return linesOf(log).flatMap(({ line, where }) => {
    const found = taken.exec(line)
    const client = found?.[1] ?? found?.[2]
    return client === undefined ? [] : [{ client, where }]
  })
}

/** Of the echo service: requests, and streams that have ended; those of a stream as often as it said them. */
export function requestsServed(log: LogText): readonly Entry[] {
  return linesOf(log).flatMap(({ line, where }): readonly Entry[] => {
    if (!line.startsWith('{"seen":')) return []
    const seen: unknown = JSON.parse(line).seen
    if (typeof seen !== 'object' || seen === null) return []
    const { method, body } = seen as { readonly method?: unknown; readonly body?: unknown }
    if (method === undefined && body === '') return []
    const said = canariesIn(method === undefined ? String(body) : line)
    const ids: readonly (string | undefined)[] = method === undefined ? said : [...new Set(said)]
    return (ids.length > 0 ? ids : [undefined]).map((id) => ({ id, where }))
  })
}

function linesOf({
  node,
  name,
  text,
}: LogText): readonly { readonly line: string; readonly where: string }[] {
  // What follows the last line break is still being written.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => ({ line, where: `line ${index + 1} of ${name} of ${node}` }))
    .filter(({ line }) => line !== '')
}
