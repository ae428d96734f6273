import { runInNamespace } from '#netns/command.ts'
import type { Network } from '#netns/network.ts'
import { writeSysctls } from '#netns/sysctl.ts'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { forwarding, type InterceptionPlan } from '#lab/topology/plan-interception.ts'

export type RuleState = 'installed' | 'removed'

/** Turns the interception of a whole lab on and off, one change at a time. */
export class Interception {
  readonly #network: Network
  readonly #plans: readonly InterceptionPlan[]
  readonly #environment: Readonly<Record<string, string>>
  #state: RuleState = 'removed'
  #last: Promise<undefined> = Promise.resolve(undefined)

  constructor(
    network: Network,
    plans: readonly InterceptionPlan[],
    environment: Readonly<Record<string, string>>,
  ) {
    this.#network = network
    this.#plans = plans
    this.#environment = environment
  }

  get state(): RuleState {
    return this.#state
  }

  /** @throws LabError when a command of the topology fails. */
  async change(state: RuleState): Promise<undefined> {
    const before = this.#last.catch(() => undefined)
    this.#last = before.then(() => this.#change(state))
    return this.#last
  }

  async #change(state: RuleState): Promise<undefined> {
    if (state === this.#state) return undefined
    for (const plan of this.#plans) {
      if (plan.kind === 'rules') this.#changeRules(plan, state)
      else await this.#runAll(plan.namespace, state === 'installed' ? plan.install : plan.remove)
    }
    this.#state = state
    return undefined
  }

  #changeRules(plan: Extract<InterceptionPlan, { kind: 'rules' }>, state: RuleState): void {
    const namespace = this.#network.namespace(plan.namespace)
    const { firewall } = this.#network
    if (state === 'installed') {
      // Forwarding ends first: from here on traffic passes through the proxy or not at all.
      if (plan.onPath) writeSysctls(namespace, forwarding('0'))
      firewall.apply(namespace, plan.ruleSet)
    } else {
      firewall.remove(namespace, plan.ruleSet.name)
      if (plan.onPath) writeSysctls(namespace, forwarding('1'))
    }
  }

  async #runAll(
    name: string,
    commands: readonly (readonly [string, ...string[]])[],
  ): Promise<void> {
    const namespace = this.#network.namespace(name)
    for (const argv of commands) {
      const result = await runInNamespace(namespace, argv, {
        env: this.#environment,
        timeoutMs: 10_000,
      }).catch((error: unknown) => {
        throw new LabError(messageOf(error))
      })
      if (result.exitCode !== 0) {
        throw new LabError(
          `"${argv.join(' ')}" in ${name} ended with exit code ${result.exitCode}: ${result.stderr.trim()}`,
        )
      }
    }
  }
}
