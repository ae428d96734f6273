import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { patient } from '#scenarios/support/adapt-topology.ts'
import { heardOfChanges } from '#scenarios/support/heard-of-changes.ts'
import { joinedMesh } from '#scenarios/support/joined-mesh.ts'
import { openKongCluster, type KongNode } from '#scenarios/support/kong-cluster.ts'
import { askStream } from '#scenarios/support/stream-client.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'

const examples = fileURLToPath(new URL('../../examples/plugins', import.meta.url))

describe('kong mesh rotate-ca', () => {
  it('fails no request and makes none a stranger, on connections for one request each and on kept ones', async () => {
    await using cluster = await openKongCluster()
    const { address, ports } = cluster.echo
    const settings = {
      plugins: `bundled, ${examples}/header-by-phase.ts`,
      stream_listen: 'ADDRESS:9000',
      ...patient,
    }
    const single = await cluster.start('kong-1', { ...settings, upstream_keepalive: '0' })
    const keeping = await cluster.start('kong-2', { ...settings, upstream_keepalive: '60' })
    const second = await cluster.start('kong-3', {
      ...settings,
      admin_listen: 'off',
      origins: [
        `https://${cluster.address(3)}:8443=http://${address}:${ports.http}`,
        `tls://${cluster.address(3)}:9000=tcp://${address}:${ports.tcp}`,
      ].join(', '),
    })
    const nodes = [single, keeping, second]
    const before = await joinedMesh(nodes)
    await single.configure('POST', '/plugins', {
      name: 'header-by-phase',
      run_on: 'second',
      config: { name: 'x-on-second' },
    })
    const target = { host: second.address, retries: 0 }
    await openWebRoute(
      { node: single, cluster },
      { service: { ...target, protocol: 'https', port: 8443 }, route: { hosts: ['load.test'] } },
    )
    const stream = await single.configure('POST', '/services', {
      ...target,
      protocol: 'tls',
      port: 9000,
    })
    await single.configure('POST', `/services/${stream['id']}/routes`, {
      protocols: ['tcp', 'tls'],
      destinations: [{ port: 9000 }],
    })
    await heardOfChanges(single, [keeping, second])

    const askFor = (first: KongNode) => async (): Promise<string> => {
      const { status, headers } = await first.get('/', { host: 'load.test' })
      return `${first.name}: ${status} ${String(headers['x-on-second'])}`
    }
    const load = openLoad([
      askFor(single),
      askFor(keeping),
      async () => {
        const { text } = await askStream({
          address: single.address,
          port: 9000,
          send: 'twelve bytes',
        })
        return text.split('\n')[1] ?? `a stream that said ${JSON.stringify(text)}`
      },
    ])
    const rotated = await single.kong('mesh', 'rotate-ca', '--wait', '3')
    expect(rotated).toMatchObject({ exitCode: 0, stderr: '' })
    const outcomes = await load.end()
    const counts = Object.fromEntries(
      [...Map.groupBy(outcomes, (outcome) => outcome)].map(([what, all]) => [what, all.length]),
    )
    expect(Object.keys(counts).toSorted()).toEqual([
      'kong-1: 200 rewrite access head',
      'kong-2: 200 rewrite access head',
      'twelve bytes',
    ])
    // Enough to have met each step several times.
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(50)

    let after: string | undefined
    await expect.poll(async () => (after = await otherMesh(nodes, before))).toBeDefined()
    await expect.poll(() => agreed(second, before)).toBe(false)
    expect(await agreed(second, after ?? '')).toBe(true)
  })
})

/** What all of them belong to once it is another mesh than that; they notice the last step a moment after the command. */
async function otherMesh(nodes: readonly KongNode[], before: string): Promise<string | undefined> {
  const meshes = await Promise.all(nodes.map((node) => joinedMesh([node])))
  const [after] = meshes
  return meshes.every((each) => each === after) && after !== before ? after : undefined
}

interface Load {
  /** Stops asking, and returns what each request has come to. */
  end(): Promise<readonly string[]>
}

/** Asks again and again, three at a time of each kind. */
function openLoad(kinds: readonly (() => Promise<string>)[]): Load {
  const outcomes: string[] = []
  const ended = new AbortController()
  const clients = [...kinds, ...kinds, ...kinds].map(async (ask) => {
    while (!ended.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- a client waits for its answer
      outcomes.push(await ask().catch((error: unknown) => String(error)))
      // oxlint-disable-next-line no-await-in-loop -- the nodes share two cores with the clients
      await sleep(10)
    }
  })
  return {
    end: async () => {
      ended.abort()
      await Promise.all(clients)
      return outcomes
    },
  }
}

/** Whether a node takes a client that offers this protocol, but shows no certificate, for somebody to be refused. */
async function agreed({ address }: KongNode, protocol: string): Promise<boolean> {
  const socket = connectTls({
    host: address,
    port: 8443,
    rejectUnauthorized: false,
    ALPNProtocols: [protocol, 'http/1.1'],
  })
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  try {
    const [answer] = await once(socket, 'data')
    return !String(answer).startsWith('HTTP/1.1')
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}
