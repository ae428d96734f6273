import type { ClientBase, QueryResultRow } from 'pg'
import { messageOf } from '#core/base/errors.ts'
import { endsConnection, explainFault } from './postgres-fault.ts'
import type { PostgresTarget } from './postgres-target.ts'
import { StoreUnavailableError } from './store.ts'
import { Turns } from './turns.ts'

/** Asks one connection, one statement after the other. Whoever begins a transaction ends it with `transact`. */
export class PostgresSession {
  readonly #client: ClientBase
  readonly #target: PostgresTarget
  readonly #turns = new Turns()
  #fault: Error | undefined
  #broken = false

  constructor(client: ClientBase, target: PostgresTarget) {
    this.#client = client
    this.#target = target
  }

  /** The first fault: after it PostgreSQL turns a COMMIT of the same transaction into a ROLLBACK, and says nothing. */
  get fault(): Error | undefined {
    return this.#fault
  }

  /** Whether the connection is good for nothing more. */
  get broken(): boolean {
    return this.#broken
  }

  /** Takes note that the connection was lost, for a reason that no statement would tell. */
  lose(reason: unknown): void {
    this.#broken = true
    this.#fault ??= explainFault(reason, this.#target)
  }

  /** @throws MeshError */
  query<row extends QueryResultRow>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<readonly row[]> {
    return this.#turns.take(async () => {
      try {
        // Without values the protocol allows several statements at once.
        const result = await (values.length === 0
          ? this.#client.query<row>(sql)
          : this.#client.query<row>(sql, [...values]))
        return lastOf(result).rows
      } catch (error) {
        const lost = this.#broken ? this.#fault : undefined
        this.#broken ||= endsConnection(error)
        this.#fault ??= explainFault(error, this.#target)
        throw lost ?? explainFault(error, this.#target)
      }
    })
  }
}

/**
 * Runs `work` in a transaction that `begin` begins, and rolls it back when it fails; `begin` may ask for a row, which
 * `work` gets.
 *
 * @throws MeshError, or what `work` throws.
 */
export async function transact<result>(
  session: PostgresSession,
  begin: string,
  work: (
    first: QueryResultRow | undefined,
  ) => Promise<{ readonly result: result; readonly end: string }>,
): Promise<result> {
  let committing = false
  try {
    const [first] = await session.query(begin)
    const { result, end } = await work(first)
    // A caller that has overlooked a failed statement must not believe in its commit.
    if (session.fault !== undefined) throw session.fault
    committing = true
    await session.query(end)
    return result
  } catch (error) {
    // When this fails too, the connection is given up, which comes to the same.
    if (!session.broken) await session.query('ROLLBACK').catch(() => session.lose(error))
    if (committing && session.broken) {
      throw new StoreUnavailableError(
        'store-unreachable',
        `${messageOf(error)} (the connection was lost during the commit: the change may have been made)`,
        { cause: error },
      )
    }
    throw error
  }
}

/** The client answers several statements with several results, which its types do not say. */
function lastOf<result extends object>(results: result | readonly result[]): result {
  if (!isList(results)) return results
  const last = results.at(-1)
  if (last === undefined) throw new Error('PostgreSQL answered no statement')
  return last
}

function isList<result extends object>(
  results: result | readonly result[],
): results is readonly result[] {
  return Array.isArray(results)
}
