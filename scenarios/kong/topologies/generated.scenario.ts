import { describe, expect, it } from 'vitest'
import { openLab, type Lab } from '#lab/lab.ts'
import { openLinkCaptures } from '#lab/probes/link-captures.ts'
import { findTopology } from '#lab/topology/find-topology.ts'

const http = 18000

describe('a generated topology', () => {
  it('chain: each sidecar takes a connection and dials the next, over either family', async () => {
    await using lab = await openLab(await findTopology('chain:3'))
    await using captures = await openLinkCaptures(lab)
    for (const [host, clients] of [
      ['10.1.3.2', ['10.1.0.1', '10.1.1.1', '10.1.2.1', '10.1.3.1']],
      ['[fd00:1:3::2]', ['fd00:1::1', 'fd00:1:1::1', 'fd00:1:2::1', 'fd00:1:3::1']],
    ] as const) {
      const sinceMs = Date.now()
      expect(await ask(lab, 'service-a', host)).toBe('Hello from service-b (HTTP)\n')
      const seen = await captures.connections({ sinceMs })
      expect(
        seen.map(({ link, client, server }) => [link, client.address, server.port]),
      ).toStrictEqual(clients.map((client, at) => [`hop-${at}`, client, http]))
    }
    // Without the rules it is one connection on all links.
    await lab.removeRules()
    const sinceMs = Date.now()
    expect(await ask(lab, 'service-a', '10.1.3.2')).toBe('Hello from service-b (HTTP)\n')
    const direct = await captures.connections({ sinceMs })
    expect(direct.map(({ client }) => client.address)).toStrictEqual(direct.map(() => '10.1.0.1'))
    expect(direct).toHaveLength(4)
  })

  it('star: those around reach the middle, which sees their addresses', async () => {
    await using lab = await openLab(await findTopology('star:2'))
    for (const at of [1, 2]) {
      expect(await ask(lab, `service-${at}`, '10.0.0.2')).toBe('Hello from service-hub (HTTP)\n')
    }
    const called = async (): Promise<readonly string[]> => {
      const log = await logOf(lab, 'service-hub', 'http')
      return log.match(/(?<=Connection from )[\d.]+(?=:)/g) ?? []
    }
    await expect.poll(called).toStrictEqual(['10.0.1.1', '10.0.1.2'])
  })

  it('full: all reach each other, and of many sidecars each finds its configuration complete', async () => {
    const count = 6
    await using lab = await openLab(await findTopology(`full:${count}`))
    const ways = Array.from({ length: count }, (_, at) => [at + 1, ((at + 2) % count) + 1] as const)
    const answers = await Promise.all(
      ways.map(([from, to]) => ask(lab, `service-${from}`, `10.0.1.${to}`)),
    )
    expect(answers).toStrictEqual(ways.map(([, to]) => `Hello from service-${to} (HTTP)\n`))
    for (const [from, to] of ways) {
      // Through the sidecar at either end; a line is written a moment after its answer.
      for (const at of [from, to]) {
        await expect.poll(() => logOf(lab, `kong-${at}`, 'access.log')).toContain(`10.0.1.${from} `)
      }
      const applied = (await logOf(lab, `kong-${from}`, 'error.log')).match(/ applied: .*/g)
      expect(applied).toStrictEqual([
        ` applied: ${2 * count} services, ${2 * count + 2} routes, 8 listeners`,
      ])
    }
  })
})

async function ask(lab: Lab, node: string, host: string): Promise<string> {
  const url = `http://${host}:${http}`
  const { stdout, stderr } = await lab.exec(node, [
    ...(['curl', '--silent', '--show-error', '--globoff', '--max-time', '30'] as const),
    url,
  ])
  return stdout + stderr
}

async function logOf(lab: Lab, node: string, name: string): Promise<string> {
  return (await lab.logs(node)).find((log) => log.name === name)?.text ?? ''
}
