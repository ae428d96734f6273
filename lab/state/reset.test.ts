import { beforeAll, afterAll, describe, expect, it } from 'vitest'
import { openLab, type Lab } from '#lab/lab.ts'

const timeout = 180_000
const admin = 'http://127.0.0.1:8001'

describe('a reset', () => {
  let lab: Lab
  let hash: string

  beforeAll(async () => {
    lab = await openLab('sidecars')
    hash = (await lab.state()).hash
  }, timeout)

  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  }, timeout)

  const shell = async (node: string, command: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await lab.exec(node, ['sh', '-euc', command])
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
    return stdout
  }
  const ask = (): Promise<string> => shell('service-a', 'curl -sS -m 20 http://10.2.0.6:18000/')

  it('finds nothing to do in a lab that was only asked', { timeout }, async () => {
    await ask()
    const report = await lab.reset()
    expect(report).toMatchObject({ clean: true, hash, differences: [] })
    expect(report.restored.join('\n')).not.toMatch(/service|route|network/)
  })

  it('brings back what a scenario left everywhere', { timeout }, async () => {
    await shell(
      'control-plane',
      `curl -sSf -o /dev/null -d name=request-termination ${admin}/services/echo-http/plugins
      curl -sSf -o /dev/null -X DELETE ${admin}/routes/service-b-tcp
      curl -sSf -o /dev/null -X PATCH -d url=http://10.2.0.6:1 ${admin}/services/service-b-http
      curl -sSf -o /dev/null -d username=ann ${admin}/consumers`,
    )
    await lab.killNode('kong-b')
    await lab.removeRules()
    await shell('kong-a', 'ip route add 10.7.0.0/16 via 10.0.0.4; ip link set dn0 mtu 1400')
    await shell('service-b', 'ip address add 10.2.0.9/24 dev eth0')
    const before = await lab.state()
    expect(before.hash).not.toBe(hash)

    const report = await lab.reset()
    expect(report).toMatchObject({ clean: true, hash, differences: [] })
    expect((await lab.state()).hash).toBe(hash)
    const done = report.restored.join('\n')
    for (const told of [
      'kong-b runs again',
      'the rules are installed',
      'plugin request-termination is removed',
      'consumer ann is removed',
      'route service-b-tcp is as it was',
      'service service-b-http is as it was',
      '+ kong-a routes: IPv4 unicast 10.7.0.0/16',
      '+ service-b addresses: eth0 10.2.0.9/24',
    ]) {
      expect(done).toContain(told)
    }
    expect(await ask()).toContain('"x-real-ip":"10.0.0.3"')
    expect(await shell('service-a', 'ncat --recv-only 10.2.0.5 19000')).toContain('Hello')
  })

  it(
    'breaks off a connection that nobody closed, and zeroes what the rules counted',
    { timeout },
    async () => {
      await lab.reset()
      // Sends nothing and hears nothing more until it is broken off.
      const waiting = ['ncat', '--recv-only', '--idle-timeout', '25', '10.2.0.6', '19000'] as const
      const open = lab.exec('service-a', waiting)
      await expect
        .poll(async () => (await lab.state()).namespaces['service-b']?.connections.join('\n'), {
          timeout: 20_000,
        })
        .toContain('10.2.0.6 port 19000 to ')
      const counted = 'nft list ruleset'
      expect(await shell('kong-a', counted)).toMatch(/counter packets [1-9]/)

      const report = await lab.reset()
      expect(report).toMatchObject({ clean: true, hash })
      expect(report.restored.join('\n')).toMatch(/\d+ connections? (?:is|are) broken off/)
      expect(await shell('kong-a', counted)).not.toMatch(/counter packets [1-9]/)
      expect((await open).stderr).toContain('Software caused connection abort')
    },
  )

  it('tells what it cannot bring back', { timeout }, async () => {
    await shell('service-a', 'ip link delete eth0')
    const { clean, differences } = await lab.reset()
    expect(clean).toBe(false)
    expect(differences).toContainEqual(expect.stringMatching(/^- service-a links: eth0 veth/))
  })
})
