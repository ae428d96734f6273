import { spawnSync } from 'node:child_process'
import type { NetworkNamespace } from '#netns/namespace.ts'
import type { Firewall } from './firewall.ts'
import { renderIptables, renderIptablesRemoval, type IptablesText } from './iptables.ts'
import { sumCounters, type CommentedCounter } from './rule-counter.ts'

/** Loads rule sets by the tools of the Debian package iptables; one process for each family and step. */
export const iptablesFirewall: Firewall = {
  name: 'iptables',

  apply(namespace, ruleSet) {
    const saved = save(namespace)
    restore(namespace, renderIptables(ruleSet, saved), `load rule set "${ruleSet.name}"`)
  },

  remove(namespace, name) {
    const removal = renderIptablesRemoval(name, save(namespace))
    restore(namespace, removal, `remove rule set "${name}"`)
  },

  zero(namespace, ruleSet) {
    // One transaction takes the old chains away and puts new ones in their place.
    iptablesFirewall.counters(namespace, ruleSet.name)
    iptablesFirewall.apply(namespace, ruleSet)
  },

  counters(namespace, name) {
    const saved = save(namespace, ['--counters'])
    const counters = sumCounters(name, parseCounters(`${saved.ipv4}\n${saved.ipv6}`))
    if (counters.length === 0) {
      throw new Error(`Cannot list rule set "${name}" in ${namespace.label}: it is not loaded`)
    }
    return counters
  },
}

function save(namespace: NetworkNamespace, args: readonly string[] = []): IptablesText {
  return {
    ipv4: run(namespace, 'iptables-save', args, '', 'list rules'),
    ipv6: run(namespace, 'ip6tables-save', args, '', 'list rules'),
  }
}

function restore(namespace: NetworkNamespace, text: IptablesText, operation: string): void {
  if (text.ipv4 !== '') run(namespace, 'iptables-restore', restoreArgs, text.ipv4, operation)
  if (text.ipv6 !== '') run(namespace, 'ip6tables-restore', restoreArgs, text.ipv6, operation)
}

/** Waits up to five seconds for another user of the legacy tables. */
const restoreArgs = ['--noflush', '--wait', '5']

function run(
  namespace: NetworkNamespace,
  program: string,
  args: readonly string[],
  input: string,
  operation: string,
): string {
  const { status, stdout, stderr, error } = namespace.run(() =>
    spawnSync(program, args, { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }),
  )
  if (error !== undefined || status !== 0) {
    const why = error?.message ?? stderr.trim()
    throw new Error(`Cannot ${operation} in ${namespace.label}: ${program}: ${why}`, {
      cause: error,
    })
  }
  return stdout
}

function parseCounters(saved: string): CommentedCounter[] {
  return [...saved.matchAll(/^\[(\d+):(\d+)\] -A .* --comment "([^"]*)"/gm)].map(
    ([, packets, bytes, comment]) => ({
      packets: Number(packets),
      bytes: Number(bytes),
      // iptables-save puts a backslash before quotes; a comment of ours has no other.
      comment: comment?.replaceAll('\\', '') ?? '',
    }),
  )
}
