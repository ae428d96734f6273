let last = 0

/** A name for rules that no other rules of this process have; at most 28 characters, as iptables wants it. */
export function nextRulesName(): string {
  last += 1
  return `fault-${process.pid}-${last}`
}
