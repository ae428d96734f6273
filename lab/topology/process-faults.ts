import { messageOf } from '#lab/run/fault.ts'
import { addressesIn } from './complete-topology.ts'
import { kongListeners, listenSettings } from './listen-endpoints.ts'
import type { Endpoint, ProcessSpec, Topology } from './topology.ts'

/** Where a process listens, and which field says so. */
interface Claim extends Endpoint {
  readonly field: string
  /** It may listen on addresses that are not there. */
  readonly transparent: boolean
}

/** What keeps processes from starting: prefixes and endpoints that two of them claim, and addresses that are not there. */
export function processFaults(topology: Topology): readonly string[] {
  const prefixes = new Map<string, string>()
  const claimed: (Endpoint & { readonly namespace: string; readonly place: string })[] = []
  return topology.nodes.flatMap(({ namespace, processes }, at) =>
    processes.flatMap((process, index) => {
      const place = `nodes[${at}].processes[${index}]`
      const { claims, faults } = claimsOf(process)
      const told = faults.map(({ field, message }) => `${place}.${field}: ${message}`)
      if (process.kind === 'kong') {
        const other = prefixes.get(process.prefix)
        prefixes.set(process.prefix, place)
        if (other !== undefined)
          told.push(`${place}: ${other} has the prefix ${process.prefix} already`)
      }
      for (const { field, address, port, transparent } of claims) {
        const other = claimed.find(
          (each) => each.namespace === namespace && collide(each, { address, port }),
        )
        if (other !== undefined) {
          told.push(
            `${place}: ${other.place} has ${namespace}: ${other.address} port ${port} already`,
          )
        }
        claimed.push({ namespace, place, address, port })
        if (!transparent && !canBind(address, { namespace, topology })) {
          told.push(
            `${place}.${field}: ${address} is no address of ${namespace}${addressesOf(namespace, topology)}`,
          )
        }
      }
      return told
    }),
  )
}

function claimsOf(process: ProcessSpec): {
  readonly claims: readonly Claim[]
  readonly faults: readonly { readonly field: string; readonly message: string }[]
} {
  switch (process.kind) {
    case 'kong':
      return kongClaims(process)
    case 'ncat':
      return { claims: [claim('address', process)], faults: [] }
    case 'echo': {
      const ports: readonly number[] = Object.values(process.ports)
      const claims = process.addresses.flatMap((address, index) =>
        ports.map((port) => claim(`addresses[${index}]`, { address, port })),
      )
      return { claims, faults: [] }
    }
    case 'command':
    default:
      return {
        claims: process.listens.map((each, index) => claim(`listens[${index}].address`, each)),
        faults: [],
      }
  }
}

function claim(field: string, { address, port }: Endpoint): Claim {
  return { field, address, port, transparent: false }
}

function kongClaims({
  settings,
}: Extract<ProcessSpec, { kind: 'kong' }>): ReturnType<typeof claimsOf> {
  const claims: Claim[] = []
  const faults: { field: string; message: string }[] = []
  for (const setting of listenSettings) {
    const field = `settings.${setting}`
    try {
      for (const { address, port, flags } of kongListeners(settings, setting)) {
        claims.push({ field, address, port, transparent: flags.includes('transparent') })
      }
    } catch (error) {
      faults.push({ field, message: messageOf(error) })
    }
  }
  const level = settings['log_level']
  if (level !== undefined && !logLevels.includes(level)) {
    faults.push({
      field: 'settings.log_level',
      message: `"${level}" is none of ${logLevels.join(', ')}`,
    })
  }
  return { claims, faults }
}

const logLevels: readonly string[] = [
  'debug',
  'info',
  'notice',
  'warn',
  'error',
  'crit',
  'alert',
  'emerg',
]

/** One that listens on all addresses of a family leaves none to others. */
function collide(one: Endpoint, other: Endpoint): boolean {
  if (one.port !== other.port) return false
  const sameFamily = one.address.includes(':') === other.address.includes(':')
  return (
    one.address === other.address || (sameFamily && (isAny(one.address) || isAny(other.address)))
  )
}

function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** Whether a process in that namespace can listen on an address, or be asked there. */
export function canBind(
  address: string,
  { namespace, topology }: { readonly namespace: string; readonly topology: Topology },
): boolean {
  const { namespaces, links } = topology
  const family = address.includes(':') ? 'ipv6' : 'ipv4'
  const sysctls = namespaces.find(({ name }) => name === namespace)?.sysctls ?? {}
  return (
    isAny(address) ||
    address.startsWith('127.') ||
    address === '::1' ||
    addressesIn(namespace, links).some((each) => each.toLowerCase() === address.toLowerCase()) ||
    sysctls[`net.${family}.ip_nonlocal_bind`] === '1'
  )
}

function addressesOf(namespace: string, { links }: Topology): string {
  const has = addressesIn(namespace, links)
  return has.length === 0
    ? ': give an interface of it that address'
    : `, which has ${has.join(', ')}`
}
