import type { StatefulSet } from 'kubernetes-types/apps/v1.d.ts'
import type { Secret } from 'kubernetes-types/core/v1.d.ts'
import { store } from '#lab/render/store.ts'
import {
  clusterService,
  metadata,
  selector,
  storePassword,
  type Manifest,
  type ManifestContext,
} from './manifest.ts'

const data = '/var/lib/postgresql/data'

/** PostgreSQL with a volume of its own; the password is in a Secret. */
export function compileStore(context: ManifestContext): readonly Manifest[] {
  const component = store.name
  return [
    ...(context.storePassword === undefined
      ? []
      : [
          {
            apiVersion: 'v1',
            kind: 'Secret',
            metadata: metadata(store.secret, { component, context }),
            type: 'Opaque',
            stringData: { password: context.storePassword },
          } satisfies Secret,
        ]),
    clusterService(store.name, { ports: [store.port], context }),
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: metadata(store.name, { component, context }),
      spec: {
        serviceName: store.name,
        replicas: 1,
        selector: { matchLabels: selector(component, context.topology) },
        template: {
          metadata: metadata(store.name, { component, context }),
          spec: {
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            // The user "postgres" of the image.
            securityContext: { runAsNonRoot: true, runAsUser: 999, runAsGroup: 999, fsGroup: 999 },
            containers: [
              {
                name: 'postgres',
                image: store.image,
                env: [
                  { name: 'POSTGRES_USER', value: store.user },
                  { name: 'POSTGRES_DB', value: store.database },
                  storePassword('POSTGRES_PASSWORD'),
                  // A volume's own folder may hold what is not the database's, such as lost+found.
                  { name: 'PGDATA', value: `${data}/pgdata` },
                ],
                ports: [{ containerPort: store.port, protocol: 'TCP' }],
                readinessProbe: {
                  exec: { command: ['pg_isready', '-U', store.user, '-d', store.database] },
                  periodSeconds: 2,
                },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { drop: ['ALL'] },
                },
                volumeMounts: [{ name: 'data', mountPath: data }],
              },
            ],
          },
        },
        volumeClaimTemplates: [
          {
            metadata: metadata('data', { component, context }),
            spec: {
              accessModes: ['ReadWriteOnce'],
              resources: { requests: { storage: '1Gi' } },
            },
          },
        ],
      },
    } satisfies StatefulSet,
  ]
}
