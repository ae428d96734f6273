import { type Faults, renderSchemaViolation } from '#core/kong/schema/faults.ts'
import { RestFault } from '#core/rest/exchange.ts'
import { ConstraintError, type Violation } from '#core/store/store.ts'
import { renderLuaTable } from './lua-text.ts'

/** The error objects of Kong 1.1's Admin API, each with its number, name and status. */

export function notFound(): RestFault {
  return new RestFault(404, { message: 'Not found' })
}

export function serverNameNotFound(): RestFault {
  return new RestFault(404, { message: 'SNI not found' })
}

/** There is no database to write to. `operation` is `create`, `create or update`, `update` or `remove`. */
export function operationUnsupported(operation: string, collection: string): RestFault {
  return new RestFault(405, {
    message: `cannot ${operation} '${collection}' entities when not using a database`,
    name: 'operation unsupported',
    code: 12,
  })
}

export function invalidPrimaryKey(faults: Faults): RestFault {
  return new RestFault(400, {
    message: `invalid primary key: '${renderLuaTable(faults)}'`,
    name: 'invalid primary key',
    code: 1,
    fields: faults,
  })
}

export function schemaViolation(faults: Faults): RestFault {
  return new RestFault(400, {
    message: renderSchemaViolation(faults),
    name: 'schema violation',
    code: 2,
    fields: faults,
  })
}

export function invalidOffset(offset: string, reason: string): RestFault {
  return new RestFault(400, {
    message: `'${offset}' is not a valid offset: ${reason}`,
    name: 'invalid offset',
    code: 7,
  })
}

export function invalidSize(message: string): RestFault {
  return new RestFault(400, { message, name: 'invalid size', code: 9 })
}

export function invalidUnique(field: string, message: string): RestFault {
  return new RestFault(400, { message, name: `invalid unique ${field}`, code: 10 })
}

export function invalidOption(option: string, fault: string): RestFault {
  return new RestFault(400, {
    message: `invalid option (${option}: ${fault})`,
    name: 'invalid options',
    code: 11,
    options: { [option]: fault },
  })
}

/** A foreign key was given by name, and there is no such entity. */
export function unresolvedForeignKey(
  field: string,
  key: { readonly name: string; readonly value: string; readonly parent: string },
): RestFault {
  const table = renderLuaTable({ [key.name]: key.value })
  const fault = `the foreign key cannot be resolved with '${table}' for an existing '${key.parent}' entity`
  return new RestFault(400, {
    message: `foreign key unresolved (${field}.${key.name}: ${fault})`,
    name: 'foreign keys unresolved',
    code: 13,
    fields: { [field]: { [key.name]: fault } },
  })
}

/** Turns what the store refused into the answer to the client; other faults stay as they are. */
export function asAdminFault(error: unknown): unknown {
  return error instanceof ConstraintError ? refused(error.violation) : error
}

function refused(violation: Violation): RestFault {
  switch (violation.kind) {
    case 'primary-key':
      return new RestFault(400, {
        message: `primary key violation on key '${renderLuaTable({ id: violation.id })}'`,
        name: 'primary key violation',
        code: 3,
        fields: { id: violation.id },
      })
    case 'missing-reference':
      return new RestFault(400, {
        message: `the foreign key '${renderLuaTable({ id: violation.id })}' does not reference an existing '${violation.referenced}' entity.`,
        name: 'foreign key violation',
        code: 4,
        fields: { [violation.field]: { id: violation.id } },
      })
    case 'still-referenced':
      return new RestFault(400, {
        message: `an existing '${violation.by}' entity references this '${violation.collection}' entity`,
        name: 'foreign key violation',
        code: 4,
        fields: { '@referenced_by': violation.by },
      })
    case 'unique':
    default:
      return new RestFault(409, {
        message: `UNIQUE violation detected on '${renderLuaTable(violation.key)}'`,
        name: 'unique constraint violation',
        code: 5,
        fields: violation.key,
      })
  }
}
