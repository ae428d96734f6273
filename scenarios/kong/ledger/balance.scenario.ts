import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCanary } from '#lab/probes/canary.ts'
import { UnknownVerdict } from '#reports/record/unknown-verdict.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { askByStream } from '#scenarios/support/wire/ask-by-stream.ts'
import { askWithCanary } from '#scenarios/support/wire/ask-with-canary.ts'
import { untilInMesh } from '#scenarios/support/wire/mesh-protocol.ts'

/** Of a claim that packets refute, so that no log needs to be waited for. */
const byPackets = { quietMs: 0 } as const

onEveryTopology((scenario, ground) => {
  const { serviceA, echo } = ground.addresses
  const [plain, secure] = [`http://${echo}:18000/`, `https://${echo}:18443/`]
  const curl = ['curl', '--silent', '--show-error', '--interface', serviceA] as const

  scenario(
    'of all protocols at once each request is found once on each leg, in each log and at the service',
    async ({ yard }) => {
      await untilInMesh(yard)
      await Promise.all([
        ...[plain, secure, plain, secure].map((url) => askWithCanary(yard, url, makeCanary())),
        askByStream(yard, { protocol: 'tcp', say: makeCanary() }),
        askByStream(yard, { protocol: 'tls', say: makeCanary() }),
      ])
      await expect(yard).toBalance()
    },
  )

  scenario('requests that follow each other on one connection are told apart', async ({ yard }) => {
    const ids = [makeCanary(), makeCanary(), makeCanary()]
    await yard.run('service-a', [
      ...curl,
      ...ids.flatMap((id, at) => [...(at > 0 ? ['--next'] : []), '--user-agent', id, plain]),
    ])
    await expect(yard).toBalance()
  })

  scenario('a request that is sent twice is named, and both packets', async ({ yard }) => {
    const [twice, once] = [makeCanary(), makeCanary()]
    await yard.run('service-a', [...curl, '--user-agent', twice, plain, plain])
    await askWithCanary(yard, plain, once)
    await expect(expect(yard).toBalance()).rejects.toThrow(
      new RegExp(
        `^the books: .*\\n  ${twice}: service-a to kong-a has it 2 times \\(packet \\d+ on \\w+, packet \\d+ on \\w+\\) instead of 1; the commands has it 1 times \\(command 1, curl on service-a\\)$`,
      ),
    )
    const twiceOnFirstLeg = { crossed: { 'service-a to kong-a': 2 } }
    await expect(yard).toBalance({ except: { [twice]: twiceOnFirstLeg } })
  })

  scenario('a stream that says its id twice is named, too', async ({ yard }) => {
    const id = makeCanary()
    await askByStream(yard, { protocol: 'tls', say: `${id}${id}` })
    await expect(expect(yard).toBalance()).rejects.toThrow(
      new RegExp(`^.*\\n  ${id}: service-a to kong-a has it 2 times .*$`),
    )
  })

  scenario('a request that is lost between the proxies is missed there', async ({ yard }) => {
    await yard.lab.killNode('kong-b')
    const id = makeCanary()
    const enough = new AbortController()
    const asking = yard
      .run('service-a', [...curl, '--user-agent', id, plain], { signal: enough.signal })
      .catch(() => undefined)
    await eventually('the request does not come to kong-a', async () => {
      const { hops } = (await yard.wire()).link('service-a', 'kong-a')
      return hops.some((hop) => hop.find(id).length > 0)
    })
    enough.abort()
    await asking
    await expect(expect(yard).toBalance(byPackets)).rejects.toThrow(
      new RegExp(
        `${id}: kong-a to kong-b has it 0 times instead of 1; service-a to kong-a has it 1 times`,
      ),
    )
    await expect(yard).toBalance({ crossed: { 'kong-a to kong-b': 0 } })
  })

  scenario('a request that goes past the proxies is caught doing so', async ({ yard }) => {
    await yard.lab.removeRules()
    const id = makeCanary()
    await askWithCanary(yard, plain, id)
    const meshed = { handledBy: ['kong-a', 'kong-b'], ...byPackets }
    await expect(expect(yard).toBalance(meshed)).rejects.toThrow(
      new RegExp(
        `${id}: service-a to service-b has it 1 times \\(packet \\d+ on \\w+\\) instead of 0`,
      ),
    )
    await expect(yard).toBalance()
  })

  scenario('a request that a proxy answers ends there', async ({ yard }) => {
    const id = makeCanary()
    const host = ['--header', 'Host: nobody.test'] as const
    await yard.run('service-a', [...curl, ...host, '--user-agent', id, plain])
    await expect(yard).toBalance({ endsAt: 'kong-a' })
    await expect(expect(yard).toBalance(byPackets)).rejects.toThrow(
      'kong-a to kong-b has it 0 times',
    )
  })

  scenario(
    'a client that is cut off in the middle of a request is accounted for',
    async ({ yard }) => {
      const id = makeCanary()
      const head = [`POST / HTTP/1.1`, `Host: ${echo}`, `User-Agent: ${id}`, 'Content-Length: 9999']
      await yard.run('service-a', ['ncat', '--send-only', '--source', serviceA, echo, '18000'], {
        input: `${head.join('\r\n')}\r\n\r\nonly the beginning`,
      })
      // How far it came is a matter of chance; that all books agree on it is not.
      const perhaps = { atLeast: 0, atMost: 1 }
      await expect(yard).toBalance({
        crossed: { 'kong-a to kong-b': perhaps, 'kong-b to service-b': perhaps },
        // What is reset before it was read is in no log.
        handled: { 'kong-b': perhaps },
        served: perhaps,
      })
    },
  )

  scenario('what nobody sent by its id, or sent without one, does not pass', async ({ yard }) => {
    const [sent, secretly] = [makeCanary(), makeCanary()]
    await askWithCanary(yard, plain, sent)
    await yard.lab.exec('service-a', [...curl, '--user-agent', secretly, plain])
    await expect(expect(yard).toBalance()).rejects.toThrow(
      new RegExp(`${secretly}: kong-b to service-b has it 1 times .*, but the commands never did`),
    )
    await yard.run('service-a', [...curl, plain])
    await expect(expect(yard).toBalance()).rejects.toThrow(
      /without an id: kong-a to kong-b has it 1 times \(packet \d+ on \w+\)/,
    )
  })

  scenario('a log that claims more than the packets show is not believed', async ({ yard }) => {
    const id = makeCanary()
    await askWithCanary(yard, plain, id)
    await expect(yard).toBalance()
    const log = join(yard.lab.folder, 'kong-b/logs/access.log')
    await appendFile(log, `10.0.0.3 - - "GET / HTTP/1.1" 200 729 "-" "${id}"\n`)
    await expect(expect(yard).toBalance()).rejects.toThrow(
      new RegExp(
        `^.*\\n  ${id}: the log of kong-b has it 2 times \\(line \\d+ of access.log of kong-b, line \\d+ .*\\) instead of 1; kong-a to kong-b has it 1 times \\(packet \\d+ on \\w+\\)$`,
      ),
    )
  })

  scenario('a plugin that counts a request too often is named', async ({ yard }) => {
    const [one, two] = [makeCanary(), makeCanary()]
    await askWithCanary(yard, plain, one)
    await askWithCanary(yard, plain, two)
    const entries = [one, two, two].map((id, at) => ({ id, where: `count ${at}` }))
    const counted = [{ by: 'a plugin', entries }]
    await expect(expect(yard).toBalance({ counted })).rejects.toThrow(
      `${two}: a plugin has it 2 times (count 1, count 2) instead of 1`,
    )
    const range = { atLeast: 1, atMost: 2 }
    await expect(yard).toBalance({ counted: [{ by: 'a plugin', entries, times: range }] })
  })

  scenario(
    'where nothing was sent, or TLS cannot be read, there is no verdict',
    async ({ yard }) => {
      await expect(expect(yard).toBalance(byPackets)).rejects.toThrow(UnknownVerdict)
      await yard.lab.removeRules()
      const id = makeCanary()
      const { serviceB } = ground.addresses
      await yard.run('service-a', ['ncat', '--ssl', '--source', serviceA, serviceB, '19443'], {
        input: id,
      })
      // Secrets that somebody logs are there a moment after the packets.
      await expect(expect(yard).toBalance({ quietMs: 300 })).rejects.toThrow(UnknownVerdict)
    },
  )
})
