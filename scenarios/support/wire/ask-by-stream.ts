import type { Yard } from '#scenarios/support/stage.ts'

const ports = { tcp: 19000, tls: 19443 } as const

export interface StreamLine {
  readonly protocol: keyof typeof ports
  readonly say: string
  /** Default: the echo service. */
  readonly host?: string
}

/** Says a line from Service A to the echo service, and waits until it has come back. */
export async function askByStream(yard: Yard, line: StreamLine): Promise<void> {
  const heard = await sayByStream(yard, line)
  if (!heard.includes(line.say)) throw new Error(`the echo service said ${JSON.stringify(heard)}`)
}

/** Says a line from Service A, and returns all that came back until that line did or the other side ended. */
export function sayByStream(
  yard: Yard,
  { protocol, say, host = yard.ground.addresses.echo }: StreamLine,
): Promise<string> {
  return yard.node('service-a').say(`${say}\n`, {
    host,
    port: ports[protocol],
    source: yard.ground.addresses.serviceA,
    ...(protocol === 'tls' && { tls: { serverName: 'stream.test', insecure: true } }),
  })
}
