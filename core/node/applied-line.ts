export interface Applied {
  /** Names the state; grows with each change. */
  readonly version: string
  readonly services: number
  readonly routes: number
  readonly listeners: number
}

/** The notice in a node's error log that says: from now on new connections see this configuration. */
export function renderApplied({ version, services, routes, listeners }: Applied): string {
  return `configuration ${version} applied: ${services} services, ${routes} routes, ${listeners} listeners`
}

/** Finds the notice in a line of an error log. */
export function parseApplied(line: string): Applied | undefined {
  const found = /configuration (\S+) applied: (\d+) services, (\d+) routes, (\d+) listeners/.exec(
    line,
  )
  if (!found) return undefined
  const [, version = '', services, routes, listeners] = found
  return {
    version,
    services: Number(services),
    routes: Number(routes),
    listeners: Number(listeners),
  }
}
