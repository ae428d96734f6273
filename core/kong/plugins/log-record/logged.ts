import { sampleExchange } from '#core/kong/plugins/exchange-sample.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import { httpRoute, route, service } from './routed-samples.ts'
import { sampleHost, type SampleHost } from './host-sample.ts'

/** A node with a service and a route to it, for tests of log plugins. */
export function loggingHost(): SampleHost {
  return sampleHost({ entities: { services: [service], routes: [route] } })
}

/** Takes requests for these paths through a filter, one after the other. */
export async function passRequests(filter: HttpFilter, targets: readonly string[]): Promise<void> {
  for (const target of targets) {
    // oxlint-disable-next-line no-await-in-loop -- their order matters
    await sampleExchange({ route: httpRoute, target }).pass([filter])
  }
}

/** The paths that records tell of; each text is one record in JSON. */
export function pathsOf(records: readonly string[]): readonly string[] {
  return records.map((text) => {
    const record: { readonly request: { readonly uri: string } } = JSON.parse(text)
    return record.request.uri
  })
}
