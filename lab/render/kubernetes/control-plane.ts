import type { Container } from 'kubernetes-types/core/v1.d.ts'
import type { Workload } from '#lab/render/workload.ts'
import {
  clusterService,
  deployment,
  nobody,
  nodeEnvironment,
  productContainer,
  runVolume,
  settingsMap,
  unprivileged,
  type Manifest,
  type ManifestContext,
} from './manifest.ts'

/** The node that answers the Admin API: settings, a Deployment, and a Service that the cluster alone reaches. */
export function compileControlPlane(
  { name, processes, ports }: Workload,
  context: ManifestContext,
): readonly Manifest[] {
  return [
    ...processes.map((process) =>
      settingsMap(`${name}-settings`, { process, component: name, context }),
    ),
    deployment(name, {
      context,
      pod: {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        // The user that owns no file owns its node's folder by its group.
        securityContext: { ...nobody, fsGroup: nobody.runAsGroup },
        containers: processes.map((process): Container => ({
          ...productContainer(process.name, { command: process.argv, context }),
          ...nodeEnvironment(`${name}-settings`),
          ports: process.ports.map((containerPort) => ({ containerPort, protocol: 'TCP' })),
          ...(process.ports[0] !== undefined && {
            readinessProbe: { tcpSocket: { port: process.ports[0] }, periodSeconds: 2 },
          }),
          securityContext: unprivileged,
        })),
        volumes: [runVolume],
      },
    }),
    ...(ports.length === 0 ? [] : [clusterService(name, { ports, context })]),
  ]
}
