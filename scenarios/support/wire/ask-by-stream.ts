import { fileURLToPath } from 'node:url'
import type { Yard } from '#scenarios/support/stage.ts'

const asker = fileURLToPath(new URL('stream-asker.ts', import.meta.url))
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
export async function sayByStream(
  yard: Yard,
  { protocol, say, host = yard.ground.addresses.echo }: StreamLine,
): Promise<string> {
  const { serviceA } = yard.ground.addresses
  const where = [`--from=${serviceA}`, `--host=${host}`, `--port=${ports[protocol]}`]
  const { stdout } = await yard.run('service-a', [
    process.execPath,
    asker,
    ...where,
    ...(protocol === 'tls' ? ['--tls'] : []),
    `--say=${say}`,
  ])
  return stdout
}
