import { makeCanary } from '#lab/probes/canary.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import type { Yard } from '#scenarios/support/stage.ts'
import { askWithCanary } from '#scenarios/support/wire/ask-with-canary.ts'
import { meshProtocolOf } from '#scenarios/support/wire/mesh-protocol.ts'

onEveryTopology((scenario, ground) => {
  const { echo } = ground.addresses

  scenario(
    'one change of a service secures the way between the nodes, while the client goes on in plaintext',
    async ({ yard }) => {
      const alpn = await meshProtocolOf(yard)
      const url = `http://${echo}:18000/`
      const before = { sinceMs: Date.now(), canary: makeCanary() }
      await askWithCanary(yard, url, before.canary)
      const plain = await yard.wire(before)
      expect(plain.request(before.canary)).toHavePassed(['kong-a', 'kong-b'])
      expect(plain.link('kong-a', 'kong-b')).not.toShowNoPlaintext(before.canary)

      await using _change = await changeService(yard, {
        to: { protocol: 'https', port: 18443 },
        back: { protocol: 'http', port: 18000 },
      })
      const after = { sinceMs: Date.now(), canary: makeCanary() }
      const { stdout } = await askWithCanary(yard, url, after.canary)
      expect(JSON.parse(stdout)).toMatchObject({ headers: { 'x-canary': after.canary } })

      const secured = await yard.wire(after)
      expect(secured.request(after.canary)).toHavePassed(['kong-a', 'kong-b'])
      expect(secured.link('kong-a', 'kong-b')).toCarryOnlyMutualTls({ alpn })
      expect(secured.link('kong-a', 'kong-b')).toShowNoPlaintext(after.canary)
      expect(secured.link('service-a', 'kong-a')).not.toShowNoPlaintext(after.canary)
    },
  )
})

interface Target {
  readonly protocol: string
  readonly port: number
}

/** Sends what comes for the echo service's HTTP elsewhere, until it is disposed of. */
async function changeService(
  yard: Yard,
  { to, back }: { readonly to: Target; readonly back: Target },
): Promise<AsyncDisposable> {
  const change = async ({ protocol, port }: Target): Promise<void> => {
    const applied = await changesApplied(yard)
    const result = await yard.run('control-plane', [
      ...(['curl', '--silent', '--fail', '--request', 'PATCH'] as const),
      '--data',
      `protocol=${protocol}`,
      '--data',
      `port=${port}`,
      'http://127.0.0.1:8001/services/echo-http',
    ])
    expect(result.exitCode).toBe(0)
    await eventually(
      'the nodes did not take notice of the change',
      async () => (await changesApplied(yard)) > applied,
    )
  }
  await change(to)
  return { [Symbol.asyncDispose]: () => change(back) }
}

/** How often kong-a has taken over another configuration. */
async function changesApplied(yard: Yard): Promise<number> {
  const log = await yard.logged('kong-a', 'error.log')
  return log.match(/configuration \S+ applied/g)?.length ?? 0
}
