import type { RuleSet } from '#netns/firewall/rule-set.ts'
import type { PolicyRulePlan, RoutePlan } from '#netns/network-plan.ts'

/** A topology as an engine for containers runs it: by names instead of addresses. */
export interface Workloads {
  readonly topology: string
  readonly summary: string
  readonly workloads: readonly Workload[]
  /** What Kong is told, as a declarative file of Kong 1.1; undefined: nothing. */
  readonly kongFile: string | undefined
}

/** What is scheduled as one, with an address of its own: a service and its sidecar, or a control plane. */
export interface Workload {
  /** Also the name by which others reach it. */
  readonly name: string
  readonly kind: 'service' | 'control-plane'
  /** None: it only asks others. */
  readonly processes: readonly WorkloadProcess[]
  readonly sidecar: Sidecar | undefined
  readonly ports: readonly number[]
}

export interface WorkloadProcess {
  readonly name: string
  readonly argv: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  readonly ports: readonly number[]
}

/** The proxy of a service, in the same network namespace, and what leads traffic into it. */
export interface Sidecar {
  readonly process: WorkloadProcess
  readonly ruleSet: RuleSet
  readonly policyRules: readonly PolicyRulePlan[]
  readonly routes: readonly RoutePlan[]
}

/** What the image of all containers holds, and where. */
export interface ImageOptions {
  readonly image: string
  /** Folder of the product in the image. */
  readonly root: string
  /** Node's path in the image. */
  readonly node: string
}
