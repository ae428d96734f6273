import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { openLab, type Lab } from '#lab/lab.ts'
import { openLinkCaptures } from '#lab/probes/link-captures.ts'
import { findTopology } from './find-topology.ts'
import { pods } from './pods.ts'
import { proxyBesideService } from './sample-pod.ts'

const options = { backend: 'containers' } as const

describe('on containers', () => {
  it('pods keep the address of the client, fail closed without a sidecar and are as new after a reset', async () => {
    await using lab = await openLab(pods, options)
    // Without what nodes still say to each other when they have just come up.
    const { hash } = await lab.reset()
    await using client = lab.node('service-a')
    expect(await sourceOf(client, 'http://10.0.0.6:18000/')).toMatch(/^10\.0\.0\.2:/)

    await lab.fault({ kind: 'kill', node: 'kong-b' })
    await lab.fault({ kind: 'delay', link: 'mesh', ms: 30, from: 'kong-a' }, { measure: false })
    const { exitCode, stdout } = await ask(lab, 'service-a', 'http://10.0.0.5:18000')
    expect({ exitCode, stdout }).toStrictEqual({ exitCode: 28, stdout: '' })
    await lab.removeRules()

    const reset = await lab.reset()
    expect(reset).toMatchObject({ clean: true, hash })
    expect(await sourceOf(client, 'http://10.0.0.6:18000/')).toMatch(/^10\.0\.0\.2:/)
  })

  it('each sidecar of a chain takes a connection and dials the next, over either family', async () => {
    await using lab = await openLab(await findTopology('chain:3'), options)
    await using captures = await openLinkCaptures(lab)
    for (const [host, clients] of [
      ['10.1.3.2', ['10.1.0.1', '10.1.1.1', '10.1.2.1', '10.1.3.1']],
      ['[fd00:1:3::2]', ['fd00:1::1', 'fd00:1:1::1', 'fd00:1:2::1', 'fd00:1:3::1']],
    ] as const) {
      const sinceMs = Date.now()
      const { stdout } = await ask(lab, 'service-a', `http://${host}:18000`, { seconds: 20 })
      expect(stdout).toBe('Hello from service-b (HTTP)\n')
      const seen = await captures.connections({ sinceMs })
      expect(seen.map(({ link, client }) => [link, client.address])).toStrictEqual(
        clients.map((client, at) => [`hop-${at}`, client]),
      )
    }
  })

  it("a topology of one's own comes up, with a Kong that is asked and proxies, over either family", async () => {
    await using lab = await openLab(proxyBesideService, options)
    await using client = lab.node('client')
    expect(await sourceOf(client, 'http://10.5.0.2:18000/')).toMatch(/^10\.5\.0\.1:/)
    expect(await sourceOf(client, 'http://[fd05::2]:18000/')).toMatch(/^\[fd05::1\]:/)

    // Sockets of this process in the networks of two containers.
    await using server = await lab.node('server').listen({
      address: 'fd05::2',
      onConnection: (socket) => socket.end(`${socket.remoteAddress}`),
    })
    const socket = await client.connect({ host: 'fd05::2', port: server.port })
    expect(await text(socket)).toBe('fd05::1')
  })
})

type Client = ReturnType<Lab['node']>

/** From where the echo service says that it was called. */
async function sourceOf(client: Client, url: string): Promise<string> {
  const response = await client.fetch(url)
  expect(response.headers.get('via')).toBe('kong/1.1.3')
  const { source }: { readonly source: string } = JSON.parse(await response.text())
  return source
}

function ask(lab: Lab, node: string, url: string, { seconds = 1 } = {}): ReturnType<Lab['exec']> {
  return lab.exec(node, ['curl', '--silent', '--globoff', '--max-time', String(seconds), url])
}
