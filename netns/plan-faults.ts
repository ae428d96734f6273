import { isInterfaceName, ruleSetFaults } from './firewall/rule-set-faults.ts'
import { parseCidr, type Family } from './ip-address.ts'
import { bridgePorts } from './link-layout.ts'
import type {
  LinkPlan,
  NamespacePlan,
  NetworkPlan,
  PolicyRulePlan,
  RoutePlan,
} from './network-plan.ts'
import { isNamespaceName } from './namespace.ts'
import { isNetworkKey } from './sysctl.ts'

/** Every fault of a plan in one sentence each, with its place; empty when it can be built. */
export function planFaults(plan: NetworkPlan): string[] {
  const interfaces = interfacesByNamespace(plan)
  return [
    ...repeated(plan.namespaces.map(({ name }) => name)).map(
      (name) => `namespaces: "${name}" is named twice`,
    ),
    ...repeated(plan.links.map(({ name }) => name)).map(
      (name) => `links: "${name}" is named twice`,
    ),
    ...plan.namespaces.flatMap((namespace) =>
      namespaceFaults(namespace, interfaces.get(namespace.name) ?? []),
    ),
    ...plan.links.flatMap((link) => linkFaults(link, interfaces)),
    ...[...interfaces].flatMap(([namespace, names]) =>
      repeated(names).map((name) => `namespace "${namespace}": two interfaces are named "${name}"`),
    ),
  ]
}

function namespaceFaults(namespace: NamespacePlan, interfaces: readonly string[]): string[] {
  const place = `namespace "${namespace.name}"`
  return [
    ...(isNamespaceName(namespace.name)
      ? []
      : [`${place}: a name has 1 to 63 of a-z, 0-9 and "-"`]),
    ...Object.keys(namespace.sysctls)
      .filter((key) => !isNetworkKey(key))
      .map((key) => `${place} sysctls: "${key}" is not a key below "net."`),
    ...namespace.loopbackAddresses.flatMap((address) => cidrFaults(`${place} lo`, address)),
    ...namespace.routes.flatMap((route, index) =>
      routeFaults(route, interfaces).map((fault) => `${place} routes[${index}]: ${fault}`),
    ),
    ...repeated(namespace.routes.map(routeKey)).map(
      (key) => `${place} routes: two routes to ${key}`,
    ),
    ...namespace.policyRules.flatMap((rule, index) =>
      policyRuleFaults(rule).map((fault) => `${place} policyRules[${index}]: ${fault}`),
    ),
    ...namespace.ruleSets.flatMap(ruleSetFaults).map((fault) => `${place} ${fault}`),
    ...repeated(namespace.ruleSets.map(({ name }) => name)).map(
      (name) => `${place}: two rule sets are named "${name}"`,
    ),
    ...namespace.ruleSets.flatMap(({ name, rules }) =>
      rules
        .flatMap(({ match }) => [match.inputInterface, match.outputInterface?.is])
        .filter((wanted) => wanted !== undefined && !interfaces.includes(wanted))
        .map((wanted) => `${place} rule set "${name}": there is no interface "${wanted}"`),
    ),
  ]
}

function linkFaults(link: LinkPlan, interfaces: ReadonlyMap<string, readonly string[]>): string[] {
  const place = `link "${link.name}"`
  const namespaces = new Set(link.ends.map(({ namespace }) => namespace))
  if (link.kind === 'bridge') namespaces.add(link.namespace)
  return [
    ...[...namespaces]
      .filter((namespace) => !interfaces.has(namespace))
      .map((namespace) => `${place}: there is no namespace "${namespace}"`),
    ...(link.kind === 'bridge' && !isInterfaceName(link.name)
      ? [`${place}: ${interfaceNameRule}`]
      : []),
    ...(link.kind === 'bridge' && link.ends.length > MAX_BRIDGE_PORTS
      ? [`${place}: ${link.ends.length} ends; a bridge has at most ${MAX_BRIDGE_PORTS} ports`]
      : []),
    ...link.ends
      .filter((end) => !isInterfaceName(end.interface))
      .map((end) => `${place}: interface "${end.interface}": ${interfaceNameRule}`),
    ...link.ends.flatMap((end) =>
      end.addresses.flatMap((address) => cidrFaults(`${place} ${end.interface}`, address)),
    ),
    ...repeated(link.ends.flatMap((end) => end.addresses.map(addressOf))).map(
      (address) => `${place}: two ends have the address ${address}`,
    ),
  ]
}

function routeFaults(route: RoutePlan, interfaces: readonly string[]): string[] {
  const { destination, via, family } = route
  return [
    ...(destination === 'default' ? [] : familyFaults(destination, family)),
    ...(via === undefined ? [] : familyFaults(via, family)),
    ...(via === undefined && route.interface === undefined
      ? ['neither via nor interface is given']
      : []),
    ...(route.interface === undefined || interfaces.includes(route.interface)
      ? []
      : [`there is no interface "${route.interface}"`]),
    ...tableFaults(route.table),
  ]
}

function policyRuleFaults(rule: PolicyRulePlan): string[] {
  return [
    ...(isUint32(rule.mark) && rule.mark > 0 ? [] : [`${rule.mark} is not a mark`]),
    ...(isUint32(rule.priority) ? [] : [`${rule.priority} is not a priority`]),
    ...tableFaults(rule.table),
  ]
}

const interfaceNameRule = 'an interface name has 1 to 15 letters, digits, "-" and "_"'

const MAX_BRIDGE_PORTS = 1023

function interfacesByNamespace(plan: NetworkPlan): ReadonlyMap<string, readonly string[]> {
  const ports = bridgePorts(plan)
  const interfaces = new Map(plan.namespaces.map(({ name }) => [name, ['lo']]))
  for (const link of plan.links) {
    for (const end of link.ends) interfaces.get(end.namespace)?.push(end.interface)
    if (link.kind === 'bridge') {
      interfaces.get(link.namespace)?.push(link.name, ...(ports.get(link.name) ?? []))
    }
  }
  return interfaces
}

function cidrFaults(place: string, address: string): string[] {
  try {
    parseCidr(address)
    return address.includes('/') ? [] : [`${place}: ${address} has no prefix length, such as /24`]
  } catch {
    return [`${place}: "${address}" is not an address in CIDR form`]
  }
}

function familyFaults(address: string, family: Family): string[] {
  try {
    return parseCidr(address).family === family ? [] : [`${address} is not IPv${family}`]
  } catch {
    return [`"${address}" is neither an address nor a CIDR block`]
  }
}

function tableFaults(table: number): string[] {
  return isUint32(table) && table > 0 ? [] : [`${table} is not a routing table`]
}

function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 32
}

function addressOf(cidr: string): string {
  return cidr.split('/', 1)[0] ?? cidr
}

function routeKey({ destination, table, family }: RoutePlan): string {
  return `${destination} in table ${table} (IPv${family})`
}

function repeated(names: readonly string[]): string[] {
  const seen = new Set<string>()
  return [...new Set(names.filter((name) => seen.size === seen.add(name).size))]
}
