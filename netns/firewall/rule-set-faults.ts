import { parseCidr } from '#netns/ip-address.ts'
import type { Rule, RuleSet } from './rule-set.ts'

/** Everything in a rule set that cannot be rendered; empty when all can. */
export function ruleSetFaults(ruleSet: RuleSet): string[] {
  const place = `rule set "${ruleSet.name}"`
  const faults = ruleSet.rules.flatMap((rule, index) =>
    ruleFaults(rule).map((fault) => `${place} rules[${index}]: ${fault}`),
  )
  if (!/^[a-z0-9][a-z0-9-]{0,23}$/.test(ruleSet.name)) {
    faults.unshift(`${place}: a name has 1 to 24 of a-z, 0-9 and "-"`)
  }
  for (const hook of ['prerouting', 'output'] as const) {
    const kinds = new Set<string>(
      ruleSet.rules.filter((rule) => rule.hook === hook).map(({ action }) => action.kind),
    )
    // REDIRECT lives in the nat table, which only sees the first packet of a connection.
    const stray = ['tproxy', 'mark', 'mark-connection', 'drop'].filter((kind) => kinds.has(kind))
    if (kinds.has('redirect') && stray.length > 0) {
      faults.push(`${place}: redirect and ${stray.join(', ')} in ${hook}; make them two rule sets`)
    }
  }
  return faults
}

/** @throws Error that lists every fault of the rule set. */
export function checkRuleSet(ruleSet: RuleSet): void {
  const faults = ruleSetFaults(ruleSet)
  if (faults.length > 0) throw new Error(`Cannot render ${faults.join('; ')}`)
}

function ruleFaults(rule: Rule): string[] {
  const { match, action } = rule
  return [
    ...addressFaults(rule),
    ...[...(match.destinationPorts ?? []), ...('port' in action ? [action.port] : [])]
      .filter((port) => !isPort(port))
      .map((port) => `${port} is not a port`),
    ...(match.destinationPorts?.length === 0 ? ['destinationPorts is empty'] : []),
    ...(match.destinationPorts !== undefined && match.protocol === undefined
      ? ['destinationPorts need a protocol']
      : []),
    ...(needsProtocol(rule) && match.protocol === undefined
      ? [`${action.kind} needs a protocol`]
      : []),
    ...interfaceFaults(rule),
    ...(action.kind === 'tproxy' && rule.hook === 'output'
      ? ['tproxy exists only in prerouting']
      : []),
    ...(match.uid !== undefined && rule.hook === 'prerouting'
      ? ['uid is known only in output']
      : []),
    ...(match.transparentSocket === false
      ? ['transparentSocket can only be true: iptables cannot negate it']
      : []),
    ...[
      match.source,
      match.destination,
      match.mark,
      match.uid,
      match.outputInterface,
      match.connectionMark,
    ]
      .filter((value) => value !== undefined && Object.keys(value).length !== 1)
      .map((value) => `${JSON.stringify(value)} must have either "is" or "not"`),
    ...(rule.reason.trim() === '' ? ['a reason is missing'] : []),
  ]
}

function addressFaults({ family, match, action }: Rule): string[] {
  const addresses = [match.source, match.destination]
    .flatMap((value) => [value?.is, value?.not])
    .filter((value) => value !== undefined)
  if (action.kind === 'tproxy') addresses.push(action.address)
  return addresses.flatMap((address) => {
    try {
      return parseCidr(address).family === family ? [] : [`${address} is not IPv${family}`]
    } catch {
      return [`"${address}" is neither an address nor a CIDR block`]
    }
  })
}

function interfaceFaults({ hook, match }: Rule): string[] {
  const names = [match.inputInterface, match.outputInterface?.is, match.outputInterface?.not]
  return [
    ...names
      .filter((name) => name !== undefined && !isInterfaceName(name))
      .map((name) => `"${name}" is not an interface name`),
    ...(match.inputInterface !== undefined && hook === 'output'
      ? ['packets made here have no input interface']
      : []),
    ...(match.outputInterface !== undefined && hook === 'prerouting'
      ? ['the output interface is not known before routing']
      : []),
  ]
}

/** Whether the kernel and both renderers take it: at most 15 characters, no dot, slash, space or quote. */
export function isInterfaceName(name: string): boolean {
  return /^[\w-]{1,15}$/.test(name)
}

function needsProtocol({ action, match }: Rule): boolean {
  return (
    action.kind === 'tproxy' || action.kind === 'redirect' || match.transparentSocket !== undefined
  )
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536
}
