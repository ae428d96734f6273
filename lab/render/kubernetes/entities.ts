import type { Job } from 'kubernetes-types/batch/v1.d.ts'
import type { ConfigMap } from 'kubernetes-types/core/v1.d.ts'
import { entitiesCommands, entitiesEnvironment } from '#lab/render/entities-script.ts'
import {
  metadata,
  nobody,
  productContainer,
  runVolume,
  storePassword,
  unprivileged,
  type Manifest,
  type ManifestContext,
} from './manifest.ts'

const component = 'entities'
const folder = '/etc/meshyard/entities'

/** A Job that prepares the store and puts the entities in; it does so once, and may be run again. */
export function compileEntities(kongFile: string, context: ManifestContext): readonly Manifest[] {
  const { volumeMounts, ...container } = productContainer(component, {
    command: [
      'sh',
      '-ec',
      entitiesCommands({ root: context.root, file: `${folder}/kong.yml` }).join('\n'),
    ],
    context,
  })
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(component, { component, context }),
      data: { 'kong.yml': kongFile },
    } satisfies ConfigMap,
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: metadata(component, { component, context }),
      spec: {
        // The store may take its time; each try waits twice as long as the one before.
        backoffLimit: 10,
        template: {
          metadata: metadata(component, { component, context }),
          spec: {
            restartPolicy: 'OnFailure',
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: { ...nobody, fsGroup: nobody.runAsGroup },
            containers: [
              {
                ...container,
                env: [
                  ...Object.entries(entitiesEnvironment).map(([name, value]) => ({ name, value })),
                  storePassword('KONG_PG_PASSWORD'),
                ],
                volumeMounts: [
                  ...volumeMounts,
                  { name: component, mountPath: folder, readOnly: true },
                ],
                securityContext: unprivileged,
              },
            ],
            volumes: [runVolume, { name: component, configMap: { name: component } }],
          },
        },
      },
    } satisfies Job,
  ]
}
