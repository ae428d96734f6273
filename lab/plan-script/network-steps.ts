import { layOutLinks, type LinkLayout, type PlacedInterface } from '#netns/link-layout.ts'
import { MAIN_TABLE, type NamespacePlan, type NetworkPlan } from '#netns/network-plan.ts'
import { withDefaultSysctls } from '#netns/sysctl.ts'
import { inside, setting, type Section, type Step } from './step.ts'

/** What makes the network of a plan, in the order in which the parts need each other. */
export function networkSections(plan: NetworkPlan): readonly Section[] {
  const layout = layOutLinks(plan)
  return [
    { title: 'Namespaces', steps: plan.namespaces.map((each) => namespaceStep(each, layout)) },
    { title: 'Links', steps: linkSteps(plan, layout) },
    {
      title: 'Addresses',
      steps: plan.namespaces.map((each) => addressStep(each, layout)),
    },
    {
      title: 'Routes',
      steps: plan.namespaces.flatMap((each) => [...routeSteps(each), ...policyRuleSteps(each)]),
    },
  ].filter(({ steps }) => steps.length > 0)
}

function namespaceStep(namespace: NamespacePlan, layout: LinkLayout): Step {
  const { name } = namespace
  const sysctls = Object.entries(withDefaultSysctls(namespace.sysctls))
  const general = sysctls.filter(([key]) => !isOfInterface(key, name, layout))
  return {
    why: `${name} is a network of its own. What matters of its settings is set: a new one takes some after the host.`,
    commands: [`ip netns add ${name}`, inside(name, setting(general))],
  }
}

function linkSteps(plan: NetworkPlan, layout: LinkLayout): readonly Step[] {
  const bridges = layout.bridges.map((bridge): Step => {
    const ports = layout.pairs.filter((pair) => pair.bridge === bridge)
    return {
      why: `${bridge.name} is a bridge with a port for ${ports.map(({ ends }) => ends[1].namespace).join(', ')}.`,
      commands: [
        `ip -n ${bridge.namespace} link add ${bridge.name} type bridge`,
        ...ports.flatMap(({ ends: [port, end] }) => [
          vethCommand(port, end),
          `ip -n ${port.namespace} link set ${port.name} master ${bridge.name}`,
        ]),
      ],
    }
  })
  const cables = layout.pairs
    .filter(({ bridge }) => bridge === undefined)
    .map(({ ends: [one, other] }): Step => ({
      why: `A cable from ${one.namespace} to ${other.namespace}.`,
      commands: [vethCommand(one, other)],
    }))
  const sysctls = plan.namespaces.flatMap((namespace): Step[] => {
    const own = Object.entries(withDefaultSysctls(namespace.sysctls)).filter(([key]) =>
      isOfInterface(key, namespace.name, layout),
    )
    if (own.length === 0) return []
    return [
      {
        why: `Settings of interfaces of ${namespace.name}, which are there from here on.`,
        commands: [inside(namespace.name, setting(own))],
      },
    ]
  })
  return [...bridges, ...cables, ...sysctls]
}

function vethCommand(one: PlacedInterface, other: PlacedInterface): string {
  return `ip link add ${one.name} netns ${one.namespace} type veth peer name ${other.name} netns ${other.namespace}`
}

function addressStep({ name }: NamespacePlan, { interfaces }: LinkLayout): Step {
  const links = interfaces.get(name) ?? []
  return {
    why: links.some(({ addresses }) => addresses.some((address) => address.includes(':')))
      ? `Interfaces of ${name}; nobody else can have its IPv6 addresses, so they are usable at once.`
      : `Interfaces of ${name}.`,
    commands: links.flatMap((link) => [
      `ip -n ${name} link set ${link.name} up`,
      ...link.addresses.map(
        (address) =>
          `ip -n ${name} address add ${address} dev ${link.name}${address.includes(':') ? ' nodad' : ''}`,
      ),
    ]),
  }
}

function routeSteps({ name, routes }: NamespacePlan): readonly Step[] {
  return routes.map((route) => ({
    why: sentence(`${name}: ${route.reason}`),
    commands: [
      [
        `ip -n ${name} -${route.family} route add`,
        route.type === 'local' ? `local ${route.destination}` : route.destination,
        ...(route.via === undefined ? [] : [`via ${route.via}`]),
        ...(route.interface === undefined ? [] : [`dev ${route.interface}`]),
        ...(route.table === MAIN_TABLE ? [] : [`table ${route.table}`]),
      ].join(' '),
    ],
  }))
}

function policyRuleSteps({ name, policyRules }: NamespacePlan): readonly Step[] {
  return policyRules.map((rule) => ({
    why: sentence(`${name}: ${rule.reason}`),
    commands: [
      `ip -n ${name} -${rule.family} rule add fwmark ${rule.mark} lookup ${rule.table} priority ${rule.priority}`,
    ],
  }))
}

function isOfInterface(key: string, namespace: string, { interfaces }: LinkLayout): boolean {
  return (interfaces.get(namespace) ?? []).some(({ name }) => key.includes(`.${name}.`))
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
