import { fileURLToPath } from 'node:url'
import type { Yard } from '#scenarios/support/stage.ts'

const asker = fileURLToPath(new URL('stream-asker.ts', import.meta.url))
const ports = { tcp: 19000, tls: 19443 } as const

/** Says a line from Service A to the echo service, and waits until it has come back. */
export async function askByStream(
  yard: Yard,
  { protocol, say }: { readonly protocol: keyof typeof ports; readonly say: string },
): Promise<void> {
  const { serviceA, echo } = yard.ground.addresses
  const where = [`--from=${serviceA}`, `--host=${echo}`, `--port=${ports[protocol]}`]
  const { stdout } = await yard.run('service-a', [
    process.execPath,
    asker,
    ...where,
    ...(protocol === 'tls' ? ['--tls'] : []),
    `--say=${say}`,
  ])
  if (!stdout.includes(say)) throw new Error(`the echo service said ${JSON.stringify(stdout)}`)
}
