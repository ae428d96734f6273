import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Container } from 'dockerode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readJsonLines } from '#lab/holder/json-lines.ts'
import { abandonedPlaces, campaignPlaces } from '#lab/leaks/campaign-places.ts'
import { harms } from '#lab/leaks/moments.ts'
import { projectRoot } from '#lab/run/home.ts'
import { runToEnd } from '#lab/run/run-to-end.ts'
import { connectEngine, type Engine } from './containers/engine.ts'
import { takeTraces, type EngineTraces } from './containers/engine-traces.ts'
import { provideHostImage } from './containers/host-image.ts'
import { ownerLabel, thisOwner } from './containers/owner.ts'
import { reap } from './containers/reap.ts'

const soon = { timeout: 20_000, interval: 50 }
/** One of each kind of harm and phase. */
const moments = Number(process.env['MESHYARD_LEAK_MOMENTS'] ?? harms.length * 3)
const perMomentMs = 30_000

/** Small, so that the moments fall close together. */
const pair = {
  name: 'pair',
  namespaces: [{ name: 'left' }, { name: 'right' }],
  links: [
    {
      kind: 'veth',
      name: 'pair',
      ends: [
        { namespace: 'left', interface: 'eth0', addresses: ['10.9.0.1/24', 'fd09::1/64'] },
        { namespace: 'right', interface: 'eth0', addresses: ['10.9.0.2/24', 'fd09::2/64'] },
      ],
    },
  ],
  nodes: ['left', 'right'].map((each, index) => ({
    name: each,
    kind: 'service',
    namespace: each,
    addresses: [`10.9.0.${index + 1}`],
    processes: [
      { kind: 'ncat', name: 'tcp', address: `10.9.0.${index + 1}`, port: 7, answer: 'hello' },
    ],
  })),
  tryNext: ['left ncat --recv-only 10.9.0.2 7'],
}

let home: string
let engine: Engine
let events: Readable
/** Of all containers that were made since. */
const ids = new Set<string>()
/** Made by somebody else: without labels, and with those of a lab that lives. */
const foreign: Container[] = []

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'container-leak-'))
  engine = await connectEngine()
  events = Readable.from(
    await engine.getEvents({ filters: { type: ['container'], event: ['create'] } }),
    {
      objectMode: false,
    },
  )
  void collectIds()
  const Image = await provideHostImage(engine)
  for (const Labels of [{}, { [ownerLabel]: thisOwner() }, { [ownerLabel]: 'somebody' }]) {
    foreign.push(await engine.createContainer({ Image, Labels, Cmd: ['none'] }))
  }
}, 120_000)

afterAll(async () => {
  await Promise.all(foreign.map((each) => each.remove()))
  events.destroy()
  rmSync(home, { recursive: true })
}, 120_000)

async function collectIds(): Promise<void> {
  for await (const event of readJsonLines<{ readonly id: string }>(events)) ids.add(event.id)
}

function traces(): Promise<EngineTraces> {
  return takeTraces(engine, { ids, folder: home })
}

describe('harm to a lab of containers', () => {
  it(
    `leaves nothing in an engine and on its machine, whatever it is and whenever it comes, at ${moments} seeded moments`,
    { timeout: 60_000 + moments * perMomentMs },
    async () => {
      const topology = join(home, 'pair.json')
      writeFileSync(topology, JSON.stringify(pair))
      const before = await traces()
      const others = campaignPlaces()
      const options = ['--backend', 'containers', '--moments', String(moments)]
      const program = [process.execPath, join(projectRoot, 'lab/leaks/main.ts')]
      const campaign = [...program, ...options, '--topology', topology]
      const { code, stdout, stderr } = await runToEnd(campaign)
      expect({ code, told: code === 0 ? '' : `${stdout}${stderr}` }).toStrictEqual({
        code: 0,
        told: '',
      })
      expect(stdout).toMatch(/ on containers, seed 1; nothing left of any\.\n$/)
      expect(stdout).toMatch(
        /^Left on purpose and seen: .*containers, engineGroups, engineFiles, networks, volumes, images\.$/m,
      )
      // Most moments have to fall into the life of a lab, or nothing was shown.
      const seen = stdout.matchAll(/a lab was there in (\d+)/g)
      expect(
        Array.from(seen, ([, count]) => Number(count)).reduce((a, b) => a + b),
      ).toBeGreaterThan(moments / 2)
      // It has an engine of its own, which is gone, too.
      expect(await traces()).toStrictEqual(before)
      // Those of campaigns that others run at the same time go, too, when they end.
      await expect.poll(() => abandonedPlaces(others)).toStrictEqual([])
    },
  )
})

describe('reap', () => {
  it('removes what was never started of a lab that has ended, and nothing of anybody else', async () => {
    const before = await traces()
    const ended = thisOwner().replace(/\/\d+$/, '/1')
    const Image = await provideHostImage(engine)
    await engine.createContainer({ Image, Labels: { [ownerLabel]: ended }, Cmd: ['none'] })
    expect(await traces()).not.toStrictEqual(before)
    expect(await reap()).toBe(1)
    expect(await traces()).toStrictEqual(before)
    expect(before.containers).toHaveLength(foreign.length)
  })
})

describe('the traces show', () => {
  it('processes and groups of a container, a network and a volume', async () => {
    const before = await traces()
    const Image = await provideHostImage(engine)
    const container = await engine.createContainer({
      Image,
      Cmd: ['cat'],
      OpenStdin: true,
      HostConfig: { NetworkMode: 'none', Binds: ['/usr:/usr:ro'] },
    })
    await container.start()
    const network = await engine.createNetwork({ Name: 'control' })
    await engine.createVolume({ Name: 'control' })
    await expect.poll(() => ids.has(container.id), soon).toBe(true)
    const after = await traces()
    expect(after.containers).toHaveLength(before.containers.length + 1)
    expect(after.networks).not.toStrictEqual(before.networks)
    expect(after.volumes).not.toStrictEqual(before.volumes)
    expect(after.network).not.toStrictEqual(before.network)
    // Its own process and the engine's.
    expect(after.processes).toHaveLength(2)
    expect(after.groups).not.toStrictEqual([])
    await container.remove({ force: true })
    await network.remove()
    await engine.getVolume('control').remove()
    await expect.poll(traces, soon).toStrictEqual(before)
  })
})
