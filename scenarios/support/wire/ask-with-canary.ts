import type { Canary } from '#lab/probes/canary.ts'
import type { ExecResult } from '#lab/lab.ts'
import type { Yard } from '#scenarios/support/stage.ts'

/** Asks by curl from Service A, with the secret in a header, and as the one by which access logs name clients. */
export function askWithCanary(yard: Yard, url: string, canary: Canary): Promise<ExecResult> {
  const { serviceA } = yard.ground.addresses
  return yard.run('service-a', [
    ...(['curl', '--silent', '--show-error', '--insecure', '--interface', serviceA] as const),
    '--header',
    `X-Canary: ${canary}`,
    '--user-agent',
    canary,
    url,
  ])
}
