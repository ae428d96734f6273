import { renderIptables } from '#netns/firewall/iptables.ts'
import { renderNft } from '#netns/firewall/nft.ts'
import { forwarding, type InterceptionPlan } from '#lab/topology/plan-interception.ts'
import { inside, setting, type Section, type Step } from './step.ts'

/** With which tool the script loads rules. */
export const firewalls = ['nft', 'iptables'] as const
export type FirewallName = (typeof firewalls)[number]

/** What leads traffic into the proxies. */
export function interceptionSection(
  plans: readonly InterceptionPlan[],
  firewall: FirewallName,
): Section {
  return {
    title: 'Interception',
    steps: plans.flatMap((plan) =>
      plan.kind === 'commands' ? commandSteps(plan) : ruleSteps(plan, firewall),
    ),
  }
}

function commandSteps({ namespace, install }: Commands): readonly Step[] {
  return [
    {
      why: `${namespace}: the commands of the topology, as they stand there.`,
      commands: install.map((argv) => inside(namespace, argv)),
    },
  ]
}

function ruleSteps({ namespace, ruleSet, onPath }: Rules, firewall: FirewallName): readonly Step[] {
  return [
    ...(onPath
      ? [
          {
            why: `${namespace}: nothing gets past the proxy, also when it is dead.`,
            commands: [inside(namespace, setting(Object.entries(forwarding('0'))))],
          },
        ]
      : []),
    {
      why: `${namespace}: what goes to the proxy; the comment of each rule says why it is there.`,
      commands: loadCommands(namespace, ruleSet, firewall),
    },
  ]
}

function loadCommands(
  namespace: string,
  ruleSet: Rules['ruleSet'],
  firewall: FirewallName,
): readonly string[] {
  if (firewall === 'nft') {
    return hereDocument(inside(namespace, ['nft', '-f', '-']), renderNft(ruleSet, { fresh: true }))
  }
  const { ipv4, ipv6 } = renderIptables(ruleSet)
  return [
    { tool: 'iptables-restore', text: ipv4 },
    { tool: 'ip6tables-restore', text: ipv6 },
  ].flatMap(({ tool, text }) =>
    text === '' ? [] : hereDocument(inside(namespace, [tool, '--noflush']), text),
  )
}

/** Nothing in it is expanded. */
function hereDocument(command: string, text: string): readonly string[] {
  return [`${command} <<'END'`, ...text.trimEnd().split('\n'), 'END']
}

type Rules = Extract<InterceptionPlan, { kind: 'rules' }>
type Commands = Extract<InterceptionPlan, { kind: 'commands' }>
