import type { ConfigMap, Container, SecurityContext } from 'kubernetes-types/core/v1.d.ts'
import { renderNft } from '#netns/firewall/nft.ts'
import { interceptionCommands } from '#lab/render/interception-script.ts'
import type { Sidecar, Workload } from '#lab/render/workload.ts'
import {
  clusterService,
  deployment,
  metadata,
  nobody,
  nodeEnvironment,
  productContainer,
  runVolume,
  settingsMap,
  unprivileged,
  type Manifest,
  type ManifestContext,
} from './manifest.ts'

const rulesFolder = '/etc/meshyard/rules'

/** A service with its sidecar: settings and rules as ConfigMaps, a Deployment, and a Service if it listens. */
export function compilePod(workload: Workload, context: ManifestContext): readonly Manifest[] {
  const { name, processes, sidecar, ports } = workload
  return [
    ...(sidecar === undefined ? [] : sidecarMaps(name, sidecar, context)),
    deployment(name, {
      context,
      pod: {
        // Its own name is its own address in /etc/hosts: what comes in for the service goes to the one of this pod.
        hostname: name,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        ...(sidecar !== undefined && { initContainers: [rulesContainer(context)] }),
        containers: [
          ...serviceContainers(processes, context),
          ...(sidecar === undefined ? [] : [sidecarContainer(name, { sidecar, context })]),
        ],
        volumes: [
          runVolume,
          ...(sidecar === undefined
            ? []
            : [{ name: 'rules', configMap: { name: `${name}-rules` } }]),
        ],
      },
    }),
    ...(ports.length === 0 ? [] : [clusterService(name, { ports, context })]),
  ]
}

function sidecarMaps(
  name: string,
  { process, ruleSet, ...routing }: Sidecar,
  context: ManifestContext,
): readonly Manifest[] {
  const script = interceptionCommands(routing, `nft -f ${rulesFolder}/rules.nft`)
  return [
    settingsMap(`${name}-sidecar`, { process, component: name, context }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(`${name}-rules`, { component: name, context }),
      data: {
        'rules.nft': renderNft(ruleSet),
        'load.sh': `set -eu\n${script.join('\n')}\n`,
      },
    } satisfies ConfigMap,
  ]
}

/** Ends before anything else of the pod begins, so no connection gets past the sidecar. */
function rulesContainer(context: ManifestContext): Container {
  const { volumeMounts, ...container } = productContainer('rules', {
    command: ['sh', `${rulesFolder}/load.sh`],
    context,
  })
  return {
    ...container,
    securityContext: networkAdmin,
    volumeMounts: [...volumeMounts, { name: 'rules', mountPath: rulesFolder, readOnly: true }],
  }
}

/** Root, since only root's capabilities last, with the one that rules, transparent sockets and their mark take. */
const networkAdmin = {
  ...unprivileged,
  runAsUser: 0,
  capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
} satisfies SecurityContext

function sidecarContainer(
  name: string,
  { sidecar, context }: { readonly sidecar: Sidecar; readonly context: ManifestContext },
): Container {
  return {
    ...productContainer(sidecar.process.name, { command: sidecar.process.argv, context }),
    ...nodeEnvironment(`${name}-sidecar`),
    securityContext: networkAdmin,
  }
}

function serviceContainers(
  processes: Workload['processes'],
  context: ManifestContext,
): readonly Container[] {
  const securityContext = { ...unprivileged, ...nobody }
  if (processes.length === 0) {
    // It only asks others: people and programs are let in by `kubectl exec`.
    const command = ['sleep', 'infinity']
    return [{ ...productContainer('service', { command, context }), securityContext }]
  }
  return processes.map(({ name, argv, environment, ports }) => ({
    ...productContainer(name, { command: argv, context }),
    env: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
    ports: ports.map((containerPort) => ({ containerPort, protocol: 'TCP' })),
    securityContext,
  }))
}
