import { messageOf } from '#core/base/errors.ts'
import { systemErrorOf } from '#core/base/system-error.ts'
import { formatAddress } from '#core/model/address.ts'
import type { ListenAt } from './listening-socket.ts'

export interface ListenFault {
  readonly at: ListenAt
  readonly error: unknown
}

/** Says why an address could not be bound, and what to do. */
export function explainListenFault({ at, error }: ListenFault): string {
  const where = `Cannot listen on ${formatAddress(at)}`
  const failed = systemErrorOf(error)
  switch (failed?.code) {
    case 'EADDRINUSE':
      return `${where}: the address is in use (98: Address already in use); stop its user or choose another port`
    case 'EADDRNOTAVAIL':
      return `${where}: this machine does not have that address (99: Cannot assign requested address); add it to an interface or choose another`
    case 'EPERM':
    case 'EACCES':
      return at.transparent && failed.syscall.includes('TRANSPARENT')
        ? `${where}: "transparent" needs the capability CAP_NET_ADMIN (1: Operation not permitted); run as root or grant it`
        : `${where}: ports below 1024 need the capability CAP_NET_BIND_SERVICE (13: Permission denied); run as root or choose a higher port`
    case 'EAFNOSUPPORT':
      return `${where}: this machine has no IPv6 (97: Address family not supported); choose an IPv4 address`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${where}: the host name has no address; write an IP address`
    case undefined:
    default:
      return `${where}: ${messageOf(error)}`
  }
}
