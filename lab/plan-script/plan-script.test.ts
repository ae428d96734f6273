import { spawn } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { surround } from '#lab/client/surroundings.ts'
import { openLab } from '#lab/lab.ts'
import { projectRoot } from '#lab/run/home.ts'
import { findTopology } from '#lab/topology/find-topology.ts'
import { planLab } from '#lab/topology/plan.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { compareStates } from '#netns/state/namespace-state.ts'
import type { FirewallName } from './interception-steps.ts'
import { renderScript } from './render-script.ts'

const timeout = 180_000
const meshyard = join(projectRoot, 'lab/bin/meshyard')

/** Runs shell commands where the host sees nothing of them, beside the script of a topology. */
async function beside(
  topology: Topology,
  commands: string,
  { firewall = 'nft' }: { readonly firewall?: FirewallName } = {},
): Promise<string> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'plan-script-'))
  const { path } = folder
  const plan = planLab(topology, {
    name: 'script',
    folder: path,
    root: projectRoot,
    node: process.execPath,
    bare: false,
  })
  await writeFile(join(path, 'lab.sh'), renderScript(plan, { root: projectRoot, firewall }))
  await writeFile(join(path, 'topology.json'), JSON.stringify(topology))
  const [program, ...args] = surround(['sh', '-euc', commands])
  const child = spawn(program, args, {
    cwd: path,
    env: { ...process.env, meshyard },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (stderr !== '') throw new Error(`${stderr}\n${stdout}`)
  return stdout
}

describe.for(['sidecars', 'tutorial', 'pods', 'chain:2'])('the script of %s', (name) => {
  it('builds what the lab builds, and takes it away', { timeout }, async () => {
    const topology = await findTopology(name)
    await using lab = await openLab(topology)
    const [state, told] = await Promise.all([
      lab.state(),
      beside(
        topology,
        `sh lab.sh up
        built=$("$meshyard" plan topology.json --state -o json)
        sh lab.sh down
        ls -A /run/netns .
        ps -A -o comm=
        echo "$built"`,
      ),
    ])
    const at = told.indexOf('{')
    const left = told.slice(0, at).split(/\s+/)
    expect(left.slice(0, 4)).toStrictEqual(['.:', 'lab.sh', 'topology.json', '/run/netns:'])
    expect(left.filter((program) => /^(?:node|ncat|kong)/.test(program))).toStrictEqual([])
    const built = JSON.parse(told.slice(at))
    expect(compareStates(state.namespaces, built.namespaces)).toStrictEqual([])
    expect(built.hash).toBe(state.hash)
  })
})

describe('the script of sidecars', () => {
  it('builds something else once a single thing is changed', { timeout }, async () => {
    const changes = [
      ['ip -n kong-a route delete 10.2.0.0/24', 'ip -n kong-a route add 10.2.0.0/24 via 10.0.0.4'],
      [
        'ip -n service-b address add 10.2.0.7/24 dev eth0',
        'ip -n service-b address delete 10.2.0.7/24 dev eth0',
      ],
      [
        'ip netns exec kong-b sysctl -qw net.ipv4.ip_forward=1',
        'ip netns exec kong-b sysctl -qw net.ipv4.ip_forward=0',
      ],
      [
        'ip netns exec kong-a nft insert rule inet rules-mesh-0 prerouting drop',
        'ip netns exec kong-a nft flush ruleset',
      ],
    ]
    const look = '"$meshyard" plan sidecars --state'
    const hashes = await beside(
      await findTopology('sidecars'),
      [
        'sh lab.sh up',
        look,
        ...changes.flatMap(([change, undo]) => [change, look, undo, look]),
      ].join('\n'),
    )
    const [start, ...after] = hashes.trim().split('\n')
    const expected = [false, true, false, true, false, true, false, false]
    expect(after.map((hash) => hash === start)).toStrictEqual(expected)
    expect(new Set(after.filter((hash) => hash !== start)).size).toBe(5)
  })

  it.each(['nft', 'iptables'] as const)(
    'loads rules by %s that lead a request through both proxies',
    { timeout },
    async (firewall) => {
      const told = await beside(
        await findTopology('sidecars'),
        `sh lab.sh up
        ip netns exec service-a curl -s http://10.2.0.6:18000/way
        for node in kong-a kong-b; do
          until grep '"GET /way HTTP/1.1" 200' sidecars-run/$node/logs/access.log; do sleep 0.05; done
        done`,
        { firewall },
      )
      expect(JSON.parse(told.split('\n', 1)[0] ?? '')).toMatchObject({
        source: expect.stringMatching(/^10\.2\.0\.4:/),
        headers: { 'x-real-ip': '10.0.0.3' },
      })
      expect(told.match(/"GET \/way HTTP\/1\.1" 200/g)).toHaveLength(2)
    },
  )

  it('touches no namespace that was there before', { timeout }, async () => {
    const refused = beside(await findTopology('sidecars'), 'ip netns add kong-a; sh lab.sh up')
    await expect(refused).rejects.toThrow('There is a namespace kong-a already')
  })
})
