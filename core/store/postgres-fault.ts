import { DatabaseError } from 'pg'
import { MeshError, messageOf } from '#core/base/errors.ts'
import { describeTarget, type PostgresTarget } from './postgres-target.ts'
import { StoreUnavailableError } from './store.ts'

/** What a fault of PostgreSQL, of its client or of the network means; a MeshError stays as it is. */
export function explainFault(fault: unknown, target: PostgresTarget): MeshError {
  if (fault instanceof MeshError) return fault
  const place = describeTarget(target)
  const options = { cause: fault }
  const reason = reasonOf(fault)
  if (isRefusal(fault, reason)) {
    return new MeshError(
      'store-open-failed',
      `Cannot use ${place}: ${reason}; correct pg_password, pg_ssl, pg_ssl_verify or the trusted certificates`,
      options,
    )
  }
  // PostgreSQL's own codes, by their classes ("PostgreSQL Error Codes", appendix A of its manual).
  switch (fault instanceof DatabaseError ? (fault.code ?? '') : 'connection') {
    case '28P01':
    case '28000':
    case '3D000':
    case '42501':
      return new MeshError(
        'store-open-failed',
        `Cannot use ${place}: ${reason}; correct pg_user, pg_password or pg_database, or what the server grants`,
        options,
      )
    case '42P01':
    case '3F000':
      return new MeshError(
        'store-needs-bootstrap',
        "database needs bootstrapping; run 'kong migrations bootstrap'",
        options,
      )
    case '55P03':
    case '57014':
    case '25P03':
      return new StoreUnavailableError(
        'store-busy',
        `Cannot use ${place}: ${reason}; try again, or raise pg_timeout`,
        options,
      )
    case '53100':
      return new StoreUnavailableError(
        'store-full',
        `Cannot write to ${place}: ${reason}; free some space on the server`,
        options,
      )
    case '25006':
      return new StoreUnavailableError(
        'store-read-only',
        `Cannot write to ${place}: ${reason}; name the primary server`,
        options,
      )
    case 'XX001':
    case 'XX002':
      return new StoreUnavailableError(
        'store-damaged',
        `Cannot use ${place}: ${reason}; restore the database`,
        options,
      )
    case 'connection':
    case '53300':
    case '57P01':
    case '57P02':
    case '57P03':
    case '57P05':
      return new StoreUnavailableError(
        'store-unreachable',
        `Cannot reach ${place}: ${reason}; start PostgreSQL there, or correct pg_host and pg_port`,
        options,
      )
    default:
      return new MeshError('store-failed', `Cannot use ${place}: ${reason}`, options)
  }
}

/** Whether nothing more can be asked over the connection on which this happened. */
export function endsConnection(fault: unknown): boolean {
  return !(fault instanceof DatabaseError) || ['FATAL', 'PANIC'].includes(fault.severity ?? '')
}

/** Whether client and server reached, but would not talk to, each other: about TLS, or because of the password. */
function isRefusal(fault: unknown, reason: string): boolean {
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : ''
  return (
    /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code) ||
    /^SASL|SSL connection/.test(reason)
  )
}

/** One of several addresses of a host may have failed with a reason of its own. */
function reasonOf(fault: unknown): string {
  return fault instanceof AggregateError && fault.message === ''
    ? fault.errors.map(messageOf).join(', ')
    : messageOf(fault)
}
