import { makeCanary } from '#lab/probes/canary.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import type { Yard } from '#scenarios/support/stage.ts'

onEveryTopology((scenario, ground) => {
  const { serviceA, kongA, kongB, echo } = ground.addresses

  scenario.for([
    { scheme: 'http', port: 18000 },
    { scheme: 'https', port: 18443 },
  ])(
    'over $scheme the server is called by kong-b and told of the client and of kong-a',
    async ({ scheme, port }, { yard }) => {
      const report = await ask(yard, `${scheme}://${echo}:${port}/orders?open=1`)
      expect(report).toMatchObject({
        protocol: scheme,
        method: 'POST',
        path: '/orders?open=1',
        body: 'one',
        local: `${echo}:${port}`,
        source: expect.stringMatching(new RegExp(`^${RegExp.escape(kongB)}:\\d+$`)),
        headers: {
          host: `${echo}:${port}`,
          'x-forwarded-for': `${serviceA}, ${kongA}`,
          // kong-a is not among the trusted_ips of kong-b, which therefore tells what it sees itself.
          'x-real-ip': kongA,
          'x-forwarded-proto': scheme,
          'x-forwarded-host': echo,
          'x-forwarded-port': String(port),
          'x-order': 'kept as it is',
        },
      })
      await expect(yard).toBalance()
    },
  )

  scenario('without rules the server is called by service-a and told nothing', async ({ yard }) => {
    await yard.lab.removeRules()
    const report = await ask(yard, `http://${echo}:18000/orders`)
    expect(report).toMatchObject({
      source: expect.stringMatching(new RegExp(`^${RegExp.escape(serviceA)}:\\d+$`)),
    })
    expect(report).not.toHaveProperty(['headers', 'x-forwarded-for'])
    expect(report).not.toHaveProperty(['headers', 'x-real-ip'])
    await expect(yard).toBalance()
  })

  async function ask(yard: Yard, url: string): Promise<unknown> {
    const { text } = await yard.node('service-a').fetch(url, {
      method: 'POST',
      headers: {
        'user-agent': makeCanary(),
        'x-order': 'kept as it is',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'one',
      source: serviceA,
      tls: { insecure: true },
    })
    return JSON.parse(text)
  }
})
