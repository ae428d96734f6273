import type { RouteTrace } from '#core/model/listener.ts'

/** Kong 1.1: a request that carries Kong-Debug is told which Route and Service took it. */
export const routeTrace: RouteTrace = {
  requestHeader: 'Kong-Debug',
  describe: ({ id, name, serviceId, serviceName }) =>
    (
      [
        ['Kong-Route-Id', id],
        ['Kong-Route-Name', name],
        ['Kong-Service-Id', serviceId],
        ['Kong-Service-Name', serviceName],
      ] as const
    ).flatMap(([header, value]) => (value === undefined ? [] : [[header, value] as const])),
}
