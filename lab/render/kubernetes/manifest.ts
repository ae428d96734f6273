import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1.d.ts'
import type { Job } from 'kubernetes-types/batch/v1.d.ts'
import type {
  ConfigMap,
  Container,
  EnvVar,
  PodSpec,
  Secret,
  SecurityContext,
  Service,
} from 'kubernetes-types/core/v1.d.ts'
import type { ObjectMeta } from 'kubernetes-types/meta/v1.d.ts'
import { nodeFolder } from '#lab/render/adapt-process.ts'
import { store } from '#lab/render/store.ts'
import type { ImageOptions, WorkloadProcess } from '#lab/render/workload.ts'

export type Manifest = ConfigMap | Deployment | Job | Secret | Service | StatefulSet

export interface KubernetesOptions extends ImageOptions {
  /** Written into a Secret. Default: none is written, it is made by hand. */
  readonly storePassword?: string
}

export interface ManifestContext extends KubernetesOptions {
  readonly topology: string
}

/** What each object of a topology is found by. */
export function labels(component: string, { topology }: ManifestContext): Record<string, string> {
  return { ...selector(component, topology), 'app.kubernetes.io/managed-by': 'meshyard' }
}

/** What belongs to one workload. */
export function selector(component: string, topology: string): Record<string, string> {
  return { 'app.kubernetes.io/part-of': topology, 'app.kubernetes.io/name': component }
}

export function metadata(
  name: string,
  { component, context }: { readonly component: string; readonly context: ManifestContext },
): ObjectMeta {
  return { name, labels: labels(component, context) }
}

/** One pod of a workload, made anew when it ends. */
export function deployment(
  name: string,
  { pod, context }: { readonly pod: PodSpec; readonly context: ManifestContext },
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(name, { component: name, context }),
    spec: {
      replicas: 1,
      selector: { matchLabels: selector(name, context.topology) },
      template: { metadata: metadata(name, { component: name, context }), spec: pod },
    },
  } satisfies Deployment
}

/** A container that may do nothing but compute and talk. */
export const unprivileged = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} satisfies SecurityContext

/** An ordinary user without a name. */
export const nobody = {
  runAsNonRoot: true,
  runAsUser: 65534,
  runAsGroup: 65534,
} satisfies SecurityContext

/** A container of the product that writes nowhere but in its node's folder. */
export function productContainer(
  name: string,
  { command, context }: { readonly command: readonly string[]; readonly context: ManifestContext },
): Container & { readonly volumeMounts: NonNullable<Container['volumeMounts']> } {
  return {
    name,
    image: context.image,
    command: [...command],
    volumeMounts: [{ name: 'run', mountPath: nodeFolder }],
  }
}

export const runVolume = { name: 'run', emptyDir: {} } as const

/** The settings of a node come from its ConfigMap, and the password from the Secret. */
export function nodeEnvironment(configMap: string): Pick<Container, 'env' | 'envFrom'> {
  return {
    envFrom: [{ configMapRef: { name: configMap } }],
    env: [storePassword('KONG_PG_PASSWORD')],
  }
}

export function storePassword(variable: string): EnvVar {
  return {
    name: variable,
    valueFrom: { secretKeyRef: { name: store.secret, key: 'password' } },
  }
}

/** What a node of the cluster, which may not be ready yet, is told from outside. */
export function settingsMap(
  name: string,
  {
    process,
    component,
    context,
  }: {
    readonly process: Pick<WorkloadProcess, 'environment'>
    readonly component: string
    readonly context: ManifestContext
  },
): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(name, { component, context }),
    data: { ...process.environment },
  } satisfies ConfigMap
}

export function clusterService(
  name: string,
  { ports, context }: { readonly ports: readonly number[]; readonly context: ManifestContext },
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(name, { component: name, context }),
    spec: {
      selector: selector(name, context.topology),
      ports: ports.map((port) => ({ name: `port-${port}`, port, protocol: 'TCP' })),
    },
  } satisfies Service
}
