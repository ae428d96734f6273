import { DeclarativeError } from '#core/kong/declarative/declarative-error.ts'
import { postedConfig } from '#core/kong/declarative/posted-config.ts'
import { type Endpoint, RestFault } from '#core/rest/exchange.ts'
import { inputOf } from './admin-context.ts'

/**
 * Replaces all entities by those of a declarative configuration, and returns what is to be told of them.
 *
 * @throws DeclarativeError when there are faults in it; then nothing is replaced.
 */
export type LoadDeclarative = (
  input: string | Readonly<Record<string, unknown>>,
) => Promise<unknown>

/** `POST /config`: replaces all entities of a node that has no database. */
export function configEndpoint(load: LoadDeclarative | undefined): Endpoint {
  return {
    path: '/config',
    handlers: {
      POST: async ({ body }) => {
        if (load === undefined) {
          throw new RestFault(400, {
            message:
              'this endpoint is only available when Kong is configured to not use a database',
          })
        }
        const input = postedConfig(inputOf(body).fields)
        if (input === undefined) throw refused('expected a table as input')
        try {
          return { status: 201, body: await load(input) }
        } catch (error) {
          throw error instanceof DeclarativeError ? refused(error.detail) : error
        }
      },
    },
  }
}

function refused(error: unknown): RestFault {
  return new RestFault(400, { error })
}
