import type { ShapingPoint } from './shaping-point.ts'

/** What a rule does with the packets of a point. */
export type PointAction =
  | { readonly kind: 'drop' }
  | { readonly kind: 'queue'; readonly queue: number }

/**
 * Renders nft commands that load the rules of a point into a table of that name. Neighbour discovery passes, as ARP does.
 * `in` comes before interception and routing, `out` after everything else.
 */
export function renderPointNft(name: string, point: ShapingPoint, action: PointAction): string {
  const { interface: link, direction, fromMac } = point
  const hook =
    direction === 'out'
      ? 'type filter hook postrouting priority -140; policy accept;'
      : 'type filter hook prerouting priority -310; policy accept;'
  const match = [
    `${direction === 'out' ? 'oifname' : 'iifname'} "${link.name}"`,
    ...(fromMac === undefined ? [] : [`ether saddr ${fromMac}`]),
  ].join(' ')
  return [
    `create table inet ${name}`,
    `table inet ${name} {`,
    '  chain point {',
    `    ${hook}`,
    '    icmpv6 type { 135, 136 } accept',
    `    ${match} counter ${action.kind === 'drop' ? 'drop' : `queue num ${action.queue}`}`,
    '  }',
    '}',
    '',
  ].join('\n')
}

export interface IptablesRules {
  readonly table: 'raw' | 'mangle'
  /** Input of iptables-restore --noflush. */
  readonly install: string
  readonly remove: string
}

/** The same as text for iptables-restore, one chain of that name in the table where the packets of the point pass. */
export function renderPointIptables(
  name: string,
  point: ShapingPoint,
  action: PointAction,
  family: 4 | 6,
): IptablesRules {
  const { interface: link, direction, fromMac } = point
  const [table, hook, option] =
    direction === 'out'
      ? (['mangle', 'POSTROUTING', '-o'] as const)
      : (['raw', 'PREROUTING', '-i'] as const)
  const mac = fromMac === undefined ? '' : ` -m mac --mac-source ${fromMac}`
  const jump = `${hook} ${option} ${link.name}${mac} -j ${name}`
  const passing = family === 6 ? ['-p icmpv6 --icmpv6-type 135', '-p icmpv6 --icmpv6-type 136'] : []
  const target = action.kind === 'drop' ? 'DROP' : `NFQUEUE --queue-num ${action.queue}`
  const lines = (...text: readonly string[]): string =>
    [`*${table}`, ...text, 'COMMIT', ''].join('\n')
  return {
    table,
    install: lines(
      `:${name} - [0:0]`,
      ...passing.map((match) => `-A ${name} ${match} -j RETURN`),
      `-A ${name} -j ${target}`,
      `-A ${jump}`,
    ),
    remove: lines(`-D ${jump}`, `-F ${name}`, `-X ${name}`),
  }
}
