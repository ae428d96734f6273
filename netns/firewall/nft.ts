import { checkRuleSet } from './rule-set-faults.ts'
import { renderComment } from './rule-comment.ts'
import type { Negatable, Rule, RuleSet } from './rule-set.ts'

/** The table a rule set is loaded into. The prefix keeps names apart from nft's own words. */
export function nftTable(name: string): string {
  return `inet rules-${name}`
}

export interface NftOptions {
  /** Fails when the table is there instead of replacing it, which spares the kernel a grace period. Default: false. */
  readonly fresh?: boolean
  /** Fills the table that is there, with the same chains, anew: counters start at 0, and no packet passes meanwhile. */
  readonly refill?: boolean
}

/**
 * Renders a rule set as nft commands that replace its table in one transaction.
 *
 * nft's `tproxy` lets a packet go on when nobody listens, so each is followed by a rule that drops what it did not
 * take. Packets of live connections still pass, because `tproxy` looks for the connection before the listener.
 *
 * Each set has a table of its own, and each table sees every packet: of two sets that catch the same packet the later
 * wins, with iptables the earlier. Rules that depend on their order belong into one set.
 * @throws Error that lists every fault of the rule set.
 */
export function renderNft(ruleSet: RuleSet, options: NftOptions = {}): string {
  checkRuleSet(ruleSet)
  const chains = (['prerouting', 'output'] as const).flatMap((hook) => {
    const rules = ruleSet.rules.flatMap((rule, index) =>
      rule.hook === hook ? renderRule(ruleSet.name, rule, index) : [],
    )
    if (rules.length === 0) return []
    const nat = ruleSet.rules.some((rule) => rule.hook === hook && rule.action.kind === 'redirect')
    return [`  chain ${hook} {`, `    ${chainTypes[nat ? 'nat' : 'mangle'][hook]}`, ...rules, '  }']
  })
  const table = nftTable(ruleSet.name)
  return [...beginning(table, options), `table ${table} {`, ...chains, '}', ''].join('\n')
}

/** Renders nft commands that remove the table of a rule set, whether it is there or not. */
export function renderNftRemoval(name: string): string {
  return [...removal(nftTable(name)), ''].join('\n')
}

const chainTypes = {
  mangle: {
    prerouting: 'type filter hook prerouting priority mangle; policy accept;',
    // A route chain routes a packet anew when its mark changes.
    output: 'type route hook output priority mangle; policy accept;',
  },
  nat: {
    prerouting: 'type nat hook prerouting priority dstnat; policy accept;',
    output: 'type nat hook output priority -100; policy accept;',
  },
} as const

function beginning(table: string, { fresh, refill }: NftOptions): string[] {
  if (refill === true) return [`flush table ${table}`]
  return fresh === true ? [`create table ${table}`] : removal(table)
}

/** Deleting fails for a table that is not there, so it is added first. */
function removal(table: string): string[] {
  return [`add table ${table}`, `delete table ${table}`]
}

function renderRule(name: string, rule: Rule, index: number): string[] {
  const match = renderMatch(rule)
  const comment = renderComment(name, index, rule.reason)
  const lines = [`    ${match} counter ${renderAction(rule)} comment "${comment}"`]
  if (rule.action.kind === 'tproxy') lines.push(`    ${match} drop`)
  return lines
}

function renderMatch({ family, match }: Rule): string {
  const ip = family === 4 ? 'ip' : 'ip6'
  const { protocol, destinationPorts: ports } = match
  return [
    `meta nfproto ipv${family}`,
    ...(match.inputInterface === undefined ? [] : [`iifname "${match.inputInterface}"`]),
    ...compare('oifname', match.outputInterface, (name) => `"${name}"`),
    ...compare(`${ip} saddr`, match.source, String),
    ...compare(`${ip} daddr`, match.destination, String),
    ...(protocol === undefined ? [] : [`meta l4proto ${protocol}`]),
    ...(protocol === undefined || ports === undefined
      ? []
      : [`${protocol} dport { ${[...new Set(ports)].join(', ')} }`]),
    ...compare('meta mark', match.mark, String),
    ...compare('meta skuid', match.uid, String),
    // As iptables' socket match: a listener on every address does not make a packet its own.
    ...(match.transparentSocket === true ? ['socket transparent 1 socket wildcard 0'] : []),
    ...(match.connection === undefined ? [] : [connectionMatches[match.connection]]),
    ...compare('ct mark', match.connectionMark, String),
  ].join(' ')
}

const connectionMatches = { new: 'ct state new', reply: 'ct direction reply' } as const

function compare<value>(
  key: string,
  wanted: Negatable<value> | undefined,
  render: (value: value) => string,
): string[] {
  if (wanted?.is !== undefined) return [`${key} ${render(wanted.is)}`]
  if (wanted?.not !== undefined) return [`${key} != ${render(wanted.not)}`]
  return []
}

function renderAction({ family, action }: Rule): string {
  switch (action.kind) {
    case 'tproxy': {
      const ip = family === 4 ? 'ip' : 'ip6'
      const mark = action.mark === undefined ? '' : ` meta mark set ${action.mark}`
      return `tproxy ${ip} to ${renderListener(action.address)}:${action.port}${mark} accept`
    }
    case 'redirect':
      return `redirect to :${action.port}`
    case 'mark':
      return `meta mark set ${action.mark}`
    case 'mark-connection':
      return `ct mark set ${action.mark}`
    case 'accept':
    case 'drop':
    case 'return':
    default:
      return action.kind
  }
}

/** Without an address the packet goes to a listener on every address. */
function renderListener(address: string): string {
  if (address === '0.0.0.0' || address === '::') return ''
  return address.includes(':') ? `[${address}]` : address
}
