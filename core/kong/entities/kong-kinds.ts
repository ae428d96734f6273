import type { KongPlugin } from '#core/kong/plugins/plugin.ts'
import { certificates } from './certificate.ts'
import { clusterCas } from './cluster-ca.ts'
import { consumers } from './consumer.ts'
import type { EntityKind } from './entity-kind.ts'
import { pluginKind } from './plugin.ts'
import { postedHealths } from './posted-health.ts'
import { routes } from './route.ts'
import { services } from './service.ts'
import { snis } from './sni.ts'
import { targets } from './target.ts'
import { upstreams } from './upstream.ts'

/** Every kind of entity that users write through the Admin API, those of the plugins included; what is referred to comes first. */
export function kongKinds(loaded: readonly KongPlugin[]): readonly EntityKind[] {
  const own: readonly EntityKind[] = [
    services,
    routes,
    consumers,
    pluginKind(loaded),
    certificates,
    snis,
    upstreams,
    targets,
  ]
  const byName = new Map(own.map((kind) => [kind.schema.name, kind]))
  for (const kind of loaded.flatMap(({ kinds = [] }) => kinds)) {
    if (!byName.has(kind.schema.name)) byName.set(kind.schema.name, kind)
  }
  return [...byName.values()]
}

/** What a declarative file may hold. What is exported to one does not have the keys of the cluster's authority. */
export function declaredKinds(loaded: readonly KongPlugin[]): readonly EntityKind[] {
  return [...kongKinds(loaded), clusterCas]
}

/** What a node reads from its store: everything that users write, and what only nodes tell each other. */
export function storedKinds(loaded: readonly KongPlugin[]): readonly EntityKind[] {
  return [...declaredKinds(loaded), postedHealths]
}
