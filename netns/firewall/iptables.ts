import type { Family } from '#netns/ip-address.ts'
import { checkRuleSet } from './rule-set-faults.ts'
import { renderComment } from './rule-comment.ts'
import type { Negatable, Rule, RuleMatch, RuleSet } from './rule-set.ts'

/** One text for each family: for `iptables-restore --noflush`, or as `iptables-save` printed it. Empty: no rules. */
export interface IptablesText {
  readonly ipv4: string
  readonly ipv6: string
}

/**
 * Renders a rule set into chains of its own, each entered by one rule in the built-in chain of its hook, in place of
 * what `saved` holds of a set of that name. Without `saved` the text fails as a whole where such a set is loaded.
 * @throws Error that lists every fault of the rule set.
 */
export function renderIptables(
  ruleSet: RuleSet,
  saved: IptablesText = { ipv4: '', ipv6: '' },
): IptablesText {
  checkRuleSet(ruleSet)
  const render = (family: Family, text: string): string =>
    renderTables((table) => [
      ...removal(ruleSet.name, text, table),
      ...hooks.flatMap((hook) => renderChain(ruleSet, table, hook, family)),
    ])
  return { ipv4: render(4, saved.ipv4), ipv6: render(6, saved.ipv6) }
}

/** Renders the removal of all that `saved` holds of a rule set, and of nothing else. */
export function renderIptablesRemoval(name: string, saved: IptablesText): IptablesText {
  const render = (text: string): string => renderTables((table) => removal(name, text, table))
  return { ipv4: render(saved.ipv4), ipv6: render(saved.ipv6) }
}

type Hook = Rule['hook']
type Table = 'mangle' | 'nat'

const tables: readonly Table[] = ['mangle', 'nat']
const hooks: readonly Hook[] = ['prerouting', 'output']

function renderTables(lines: (table: Table) => string[]): string {
  return tables
    .map((table) => ({ table, lines: lines(table) }))
    .filter((section) => section.lines.length > 0)
    .map((section) => [`*${section.table}`, ...section.lines, 'COMMIT', ''].join('\n'))
    .join('')
}

/** Takes out our chains and the rules, whosever they are, that lead into them. */
function removal(name: string, saved: string, table: Table): string[] {
  const ours = hooks.map((hook) => chainOf(name, hook))
  const lines = sectionOf(saved, table)
  const chains = ours.filter((chain) => lines.some((line) => line.startsWith(`:${chain} `)))
  const entrances = lines.filter(
    (line) =>
      chains.some((chain) => line.endsWith(` -j ${chain}`)) &&
      !chains.some((chain) => line.startsWith(`-A ${chain} `)),
  )
  return [
    ...entrances.map((line) => line.replace('-A', '-D')),
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
  ]
}

function sectionOf(saved: string, table: Table): string[] {
  const lines = saved.split('\n')
  const start = lines.indexOf(`*${table}`)
  return start === -1 ? [] : lines.slice(start, lines.indexOf('COMMIT', start))
}

function renderChain({ name, rules }: RuleSet, table: Table, hook: Hook, family: Family): string[] {
  if (table !== tableOf(rules, hook)) return []
  const chain = chainOf(name, hook)
  const lines = rules.flatMap((rule, index) =>
    rule.hook === hook && rule.family === family ? renderRule(name, chain, rule, index) : [],
  )
  if (lines.length === 0) return []
  const builtIn = hook.toUpperCase()
  return [
    `-N ${chain}`,
    ...lines,
    `-A ${builtIn} -m comment --comment "rule set ${name}" -j ${chain}`,
  ]
}

/** REDIRECT exists only in nat; exceptions to it have to stand in the same chain. */
function tableOf(rules: readonly Rule[], hook: Hook): Table {
  return rules.some((rule) => rule.hook === hook && rule.action.kind === 'redirect')
    ? 'nat'
    : 'mangle'
}

/** At most 28 characters, which is what the kernel takes. */
function chainOf(name: string, hook: Hook): string {
  return `${name}-${hook === 'prerouting' ? 'pre' : 'out'}`
}

function renderRule(name: string, chain: string, rule: Rule, index: number): string[] {
  const comment = `-m comment --comment "${renderComment(name, index, rule.reason)}"`
  return portMatches(rule.match).map((ports) =>
    ['-A', chain, ...renderMatch(rule.match), ...ports, comment, ...renderAction(rule)].join(' '),
  )
}

function renderMatch(match: RuleMatch): string[] {
  return [
    ...(match.inputInterface === undefined ? [] : [`-i ${match.inputInterface}`]),
    ...compare('-o', match.outputInterface),
    ...compare('-s', match.source),
    ...compare('-d', match.destination),
    ...(match.protocol === undefined ? [] : [`-p ${match.protocol}`]),
    ...(match.mark === undefined ? [] : ['-m mark', ...compare('--mark', match.mark)]),
    ...(match.uid === undefined ? [] : ['-m owner', ...compare('--uid-owner', match.uid)]),
    ...(match.transparentSocket === true ? ['-m socket --transparent'] : []),
    ...(match.connection === undefined ? [] : [connectionMatches[match.connection]]),
    ...(match.connectionMark === undefined
      ? []
      : ['-m connmark', ...compare('--mark', match.connectionMark)]),
  ]
}

const connectionMatches = {
  new: '-m conntrack --ctstate NEW',
  reply: '-m conntrack --ctdir REPLY',
} as const

function compare(option: string, wanted: Negatable<string | number> | undefined): string[] {
  if (wanted?.is !== undefined) return [`${option} ${wanted.is}`]
  if (wanted?.not !== undefined) return [`! ${option} ${wanted.not}`]
  return []
}

/** `multiport` takes 15 ports, so more of them make more rules; their counters are summed. */
function portMatches({ destinationPorts }: RuleMatch): string[][] {
  if (destinationPorts === undefined) return [[]]
  const ports = [...new Set(destinationPorts)]
  if (ports.length === 1) return [[`--dport ${ports[0]}`]]
  return Array.from({ length: Math.ceil(ports.length / 15) }, (_, chunk) => [
    `-m multiport --dports ${ports.slice(15 * chunk, 15 * (chunk + 1)).join(',')}`,
  ])
}

function renderAction({ action }: Rule): string[] {
  switch (action.kind) {
    case 'tproxy':
      return [
        `-j TPROXY --on-port ${action.port}`,
        // Without an address the packet goes to a listener on every address.
        ...(['0.0.0.0', '::'].includes(action.address) ? [] : [`--on-ip ${action.address}`]),
        ...(action.mark === undefined ? [] : [`--tproxy-mark ${action.mark}`]),
      ]
    case 'redirect':
      return [`-j REDIRECT --to-ports ${action.port}`]
    case 'mark':
      return [`-j MARK --set-mark ${action.mark}`]
    case 'mark-connection':
      return [`-j CONNMARK --set-mark ${action.mark}`]
    case 'accept':
    case 'drop':
    case 'return':
    default:
      return [`-j ${action.kind.toUpperCase()}`]
  }
}
