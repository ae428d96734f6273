import type { NetworkNamespace } from '#netns/namespace.ts'
import type { RuleCounter } from './rule-counter.ts'
import type { RuleSet } from './rule-set.ts'

/** Loads rule sets into namespaces; every implementation behaves as `firewall-suite.ts` claims. */
export interface Firewall {
  readonly name: 'nft' | 'iptables'
  /**
   * Loads a rule set in place of the one of that name, in one step per family; rules of others stay.
   * @throws Error that lists every fault of the rule set, or says why the machine refuses it.
   */
  apply(namespace: NetworkNamespace, ruleSet: RuleSet): void
  /** Removes the rule set of that name and nothing else; does nothing when there is none. */
  remove(namespace: NetworkNamespace, name: string): void
  /**
   * Sets the counters of a rule set that is loaded to zero; it is in force all the time.
   * @throws Error when it is not loaded.
   */
  zero(namespace: NetworkNamespace, ruleSet: RuleSet): void
  /**
   * What the rules of a set have matched since it was loaded, in the order of the set.
   * @throws Error when no set of that name is loaded.
   */
  counters(namespace: NetworkNamespace, name: string): readonly RuleCounter[]
}
