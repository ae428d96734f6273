import { parseCidr, renderAddress } from '#netns/ip-address.ts'
import { addressesIn } from './complete-topology.ts'
import type { LinkEndSpec, LinkSpec, NamespaceSpec, RouteSpec, Topology } from './topology.ts'

/** What keeps links and routes from being made: each fault names its place. */
export function networkFaults({ links, namespaces }: Topology): readonly string[] {
  return [
    ...links.flatMap(bridgeNameFaults),
    ...interfaceFaults(links),
    ...links.flatMap(addressFaults),
    ...namespaces.flatMap((namespace, at) => routesFaults(namespace, { at, links })),
  ]
}

/** A bridge is an interface itself. */
function bridgeNameFaults(link: LinkSpec, at: number): readonly string[] {
  return link.kind === 'veth' || /^[\w-]{1,15}$/.test(link.name)
    ? []
    : [`links[${at}].name: a bridge is named as an interface is, by at most 15 characters`]
}

function interfaceFaults(links: readonly LinkSpec[]): readonly string[] {
  const places = new Map<string, string>()
  return links.flatMap(({ ends }, at) =>
    ends.flatMap((end, index) => {
      const place = `links[${at}].ends[${index}]`
      const key = `${end.namespace} ${end.interface}`
      const first = places.get(key)
      places.set(key, first ?? place)
      return first === undefined
        ? []
        : [
            `${place}.interface: "${end.interface}" is the interface of ${end.namespace} in ${first}, too`,
          ]
    }),
  )
}

function addressFaults({ ends }: LinkSpec, at: number): readonly string[] {
  const places = new Map<string, string>()
  return ends.flatMap(({ addresses }, index) =>
    addresses.flatMap((address, which) => {
      const place = `links[${at}].ends[${index}].addresses[${which}]`
      const key = renderAddress(parseCidr(address).bytes)
      const first = places.get(key)
      places.set(key, first ?? place)
      return first === undefined ? [] : [`${place}: ${key} is ${first}, too`]
    }),
  )
}

function routesFaults(
  { name, routes }: NamespaceSpec,
  { at, links }: { readonly at: number; readonly links: readonly LinkSpec[] },
): readonly string[] {
  const ends = links.flatMap((link) => link.ends).filter(({ namespace }) => namespace === name)
  const own = new Set(addressesIn(name, links).map((each) => canonical(each)))
  const places = new Map<string, string>()
  return routes.flatMap((route, index) => {
    const place = `namespaces[${at}].routes[${index}]`
    const [to, via] = [
      route.to === 'default' ? undefined : parseCidr(route.to),
      parseCidr(route.via),
    ]
    if (to !== undefined && to.family !== via.family) {
      return [`${place}: ${route.to} is not IPv${via.family}, as ${route.via} is`]
    }
    const key = destinationOf(route)
    const first = places.get(key)
    places.set(key, first ?? place)
    return [
      ...(first === undefined ? [] : [`${place}: ${first} leads to ${route.to}, too`]),
      ...(own.has(canonical(route.via))
        ? [`${place}.via: ${route.via} is an address of ${name} itself`]
        : nearby(ends, route.via)
          ? []
          : [`${place}.via: ${route.via} is in no network that an interface of ${name} is in`]),
    ]
  })
}

/** Two routes with the same one cannot be. */
function destinationOf({ to, via }: RouteSpec): string {
  const { family } = parseCidr(via)
  if (to === 'default') return `${family} default`
  const { bytes, prefixLength } = parseCidr(to)
  return prefixLength === 0
    ? `${family} default`
    : `${family} ${networkOf(bytes, prefixLength)}/${prefixLength}`
}

function nearby(ends: readonly LinkEndSpec[], address: string): boolean {
  const { family, bytes } = parseCidr(address)
  return ends
    .flatMap((end) => end.addresses.map((each) => parseCidr(each)))
    .filter((each) => each.family === family)
    .some((each) => {
      const network = networkOf(each.bytes, each.prefixLength)
      // The kernel adds no route to a network that begins with 0.
      return !network.startsWith('0.') && network === networkOf(bytes, each.prefixLength)
    })
}

function networkOf(bytes: Uint8Array, prefixLength: number): string {
  const network = bytes.map((byte, at) => {
    const bits = Math.min(8, Math.max(0, prefixLength - 8 * at))
    return byte & (0xff << (8 - bits))
  })
  return renderAddress(network)
}

function canonical(address: string): string {
  return renderAddress(parseCidr(address).bytes)
}
