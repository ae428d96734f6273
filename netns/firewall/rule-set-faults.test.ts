import { describe, expect, it } from 'vitest'
import { ruleSetFaults } from './rule-set-faults.ts'
import type { Rule } from './rule-set.ts'

const rule: Rule = {
  hook: 'prerouting',
  family: 4,
  match: { protocol: 'tcp' },
  action: { kind: 'drop' },
  reason: 'test',
}

/** Of the other hook, so that no rule is a fault for standing beside it. */
const other: Rule = { ...rule, hook: 'output', action: { kind: 'return' } }

const faults: [string, Partial<Rule>][] = [
  ['fd00::1 is not IPv4', { match: { source: { is: 'fd00::1' } } }],
  ['"here" is neither an address nor a CIDR block', { match: { destination: { not: 'here' } } }],
  ['0 is not a port', { match: { protocol: 'tcp', destinationPorts: [80, 0] } }],
  ['destinationPorts is empty', { match: { protocol: 'tcp', destinationPorts: [] } }],
  ['destinationPorts need a protocol', { match: { destinationPorts: [80] } }],
  ['redirect needs a protocol', { match: {}, action: { kind: 'redirect', port: 1 } }],
  ['"eth0; reset" is not an interface name', { match: { inputInterface: 'eth0; reset' } }],
  [
    'packets made here have no input interface',
    { hook: 'output', match: { inputInterface: 'lo' } },
  ],
  [
    'the output interface is not known before routing',
    { match: { outputInterface: { is: 'lo' } } },
  ],
  [
    'tproxy exists only in prerouting',
    { hook: 'output', action: { kind: 'tproxy', address: '127.0.0.1', port: 1 } },
  ],
  ['uid is known only in output', { match: { uid: { is: 0 } } }],
  ['{"is":1,"not":2} must have either "is" or "not"', { match: { mark: { is: 1, not: 2 } } }],
  [
    'transparentSocket can only be true: iptables cannot negate it',
    { match: { protocol: 'tcp', transparentSocket: false } },
  ],
  ['{} must have either "is" or "not"', { match: { connectionMark: {} } }],
  ['a reason is missing', { reason: ' ' }],
]

describe('ruleSetFaults', () => {
  it('finds none in a rule that can be rendered', () => {
    expect(ruleSetFaults({ name: 'set', rules: [rule] })).toEqual([])
  })

  it.each(faults)('finds: %s', (fault, change) => {
    expect(ruleSetFaults({ name: 'set', rules: [other, { ...rule, ...change }] })).toEqual([
      `rule set "set" rules[1]: ${fault}`,
    ])
  })

  it('finds rules of one hook that belong into different tables', () => {
    const redirect: Rule = { ...rule, action: { kind: 'redirect', port: 15_001 } }
    expect(ruleSetFaults({ name: 'set', rules: [redirect, rule] })).toEqual([
      'rule set "set": redirect and drop in prerouting; make them two rule sets',
    ])
  })

  it.each(['', 'Set', '-set', 'a'.repeat(25)])('finds the name "%s" wrong', (name) => {
    expect(ruleSetFaults({ name, rules: [] })).toEqual([
      `rule set "${name}": a name has 1 to 24 of a-z, 0-9 and "-"`,
    ])
  })
})
