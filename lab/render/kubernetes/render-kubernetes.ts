import { Document } from 'yaml'
import { store } from '#lab/render/store.ts'
import type { Workloads } from '#lab/render/workload.ts'
import { compileControlPlane } from './control-plane.ts'
import { compileEntities } from './entities.ts'
import type { KubernetesOptions, Manifest } from './manifest.ts'
import { compilePod } from './pod.ts'
import { compileStore } from './store.ts'

/** The manifests of a topology, in the order in which they are applied. */
export function compileManifests(
  { topology, workloads, kongFile }: Workloads,
  options: KubernetesOptions,
): readonly Manifest[] {
  const context = { ...options, topology }
  return [
    ...compileStore(context),
    ...(kongFile === undefined ? [] : compileEntities(kongFile, context)),
    ...workloads.flatMap((workload) =>
      workload.kind === 'control-plane'
        ? compileControlPlane(workload, context)
        : compilePod(workload, context),
    ),
  ]
}

/** Renders a topology as one file of Kubernetes manifests. */
export function renderKubernetes(workloads: Workloads, options: KubernetesOptions): string {
  const manifests = compileManifests(workloads, options)
  const documents = manifests.map((manifest) => {
    // An alias in place of what was said above is hard to read.
    const document = new Document(manifest, { aliasDuplicateObjects: false })
    return `---\n${document.toString({ lineWidth: 0 })}`
  })
  return `${header(workloads, options)}${documents.join('')}`
}

function header({ topology, summary }: Workloads, { image, storePassword }: KubernetesOptions) {
  const lines = [
    `The topology ${topology} for Kubernetes. ${summary}`,
    '',
    ...(storePassword === undefined
      ? [
          'Make the password of the store first, then apply this file:',
          `  kubectl create secret generic ${store.secret} --from-literal=password="$(openssl rand -hex 24)"`,
        ]
      : ['This file holds the password of the store.']),
    '  kubectl apply -f FILE',
    '',
    `All containers but that of the store run the image ${image}, which holds the product.`,
    'Each service is a pod with its sidecar; an init container loads the rules that lead traffic into it. Its namespace has to',
    'allow the capability NET_ADMIN (level "privileged" of the pod security standards).',
    'Not as in a lab: services are reached by name, over IPv4; streams go where their client wants to, whatever Kong service',
    'they belong to; links, their faults and their captures are not there.',
    'Until the entities are in the store, nodes end and are started again.',
  ]
  return lines.map((line) => `#${line === '' ? '' : ` ${line}`}\n`).join('')
}
