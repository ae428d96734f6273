import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Container } from 'dockerode'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { seededRandom } from '#netns/shaping/random.ts'
import { isUp } from '#lab/client/end-lab.ts'
import { takeDown } from '#lab/client/take-down.ts'
import { readJsonLines } from '#lab/holder/json-lines.ts'
import { signalIfThere } from '#lab/leaks/lab-command.ts'
import { projectRoot } from '#lab/run/home.ts'
import { findChild, isAlive } from '#lab/run/process-identity.ts'
import { readRunState } from '#lab/run/run-folder.ts'
import { connectEngine, type Engine } from './containers/engine.ts'
import { takeTraces, type EngineTraces } from './containers/engine-traces.ts'
import { provideHostImage } from './containers/host-image.ts'
import { ownerLabel, thisOwner } from './containers/owner.ts'
import { reap } from './containers/reap.ts'

const name = 'leak'
const soon = { timeout: 10_000, interval: 50 }
const moments = Number(process.env['MESHYARD_LEAK_MOMENTS'] ?? 20)

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
}
const containersOfPair = 4

let home: string
let folder: string
let engine: Engine
let events: Readable
/** Of all containers that were made since. */
const ids = new Set<string>()
/** Made by somebody else: without labels, and with those of a lab that lives. */
const foreign: Container[] = []

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'container-leak-'))
  folder = join(home, name)
  writeFileSync(join(home, 'pair.json'), JSON.stringify(pair))
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
}, 30_000)

afterAll(async () => {
  await takeDown(folder)
  await Promise.all(foreign.map((each) => each.remove()))
  events.destroy()
  rmSync(home, { recursive: true })
}, 30_000)

async function collectIds(): Promise<void> {
  for await (const event of readJsonLines<{ readonly id: string }>(events)) ids.add(event.id)
}

function traces(): Promise<EngineTraces> {
  return takeTraces(engine, { ids, folder })
}

function meshyard(...args: readonly string[]): ChildProcess {
  return spawn(join(projectRoot, 'lab/bin/meshyard'), args, {
    env: { ...process.env, MESHYARD_HOME: home },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function finish(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const [code]: unknown[] = await once(child, 'exit')
  return code
}

function bringUp(): ChildProcess {
  return meshyard('up', join(home, 'pair.json'), '--backend', 'containers', '--name', name)
}

const victims = ['the command', 'the supervisor', 'the holder', 'all of them'] as const
type Victim = (typeof victims)[number]

/** The process of that part that is there by now. */
function findVictims(victim: Victim, command: number | undefined): readonly number[] {
  // A lab that was interrupted leaves its folder for its logs, so what is told there may be of the one before.
  const wrapper = existsSync(folder) ? readRunState(folder)?.wrapper : undefined
  const supervisor = wrapper !== undefined && isAlive(wrapper) ? wrapper.pid : undefined
  const holder = supervisor === undefined ? undefined : findChild(supervisor)?.pid
  const found = {
    'the command': [command],
    'the supervisor': [supervisor],
    'the holder': [holder],
    'all of them': [command, supervisor, holder],
  }[victim].flatMap((pid) => pid ?? [])
  // So early that it is not there yet: the command then is all there is.
  return found.length > 0 || command === undefined ? found : [command]
}

describe('a container lab that is killed leaves nothing in the engine and on its machine', () => {
  let before: EngineTraces
  let upMs: number
  let downMs: number
  beforeAll(async () => {
    before = await traces()
    const startedAt = performance.now()
    expect(await finish(bringUp())).toBe(0)
    upMs = performance.now() - startedAt
    expect((await traces()).containers).toHaveLength(before.containers.length + containersOfPair)
    const downAt = performance.now()
    expect(await finish(meshyard('down', '--name', name))).toBe(0)
    downMs = performance.now() - downAt
    await vi.waitFor(async () => {
      expect(await traces()).toStrictEqual(before)
    }, soon)
  }, 60_000)

  /** What is left goes by itself, and what was never started by the next who looks. */
  async function expectNothing(victim: Victim): Promise<void> {
    const running = async (): Promise<boolean> =>
      (await traces()).containers.some(
        (each) => each.endsWith('running') && !before.containers.includes(each),
      )
    await expect.poll(running, soon).toBe(false)
    if (victim === 'all of them') await reap()
    await expect.poll(traces, soon).toStrictEqual(before)
  }

  it(
    `while it comes up, at ${moments} seeded moments`,
    async () => {
      const random = seededRandom(9)
      let labsSeen = 0
      for (let moment = 0; moment < moments; moment += 1) {
        const victim = victims[moment % victims.length] ?? 'the command'
        const signal = victim === 'the command' && random() < 0.5 ? 'SIGTERM' : 'SIGKILL'
        const command = bringUp()
        await delay(random() * upMs)
        if (existsSync(folder)) labsSeen += 1
        for (const pid of findVictims(victim, command.pid)) signalIfThere(pid, signal)
        await finish(command)
        const state = readRunState(folder)
        // It was faster this time: the lab may outlive a command that has done its work.
        if (victim === 'the command' && state?.stays === true) await takeDown(folder)
        await expectNothing(victim)
        expect(state === undefined || !isUp(state)).toBe(true)
      }
      // Most of the moments have to fall into the life of a lab, or nothing was shown.
      expect(labsSeen).toBeGreaterThan(moments / 2)
    },
    moments * 15_000,
  )

  it(
    'while it is up',
    async () => {
      for (const victim of ['the supervisor', 'the holder', 'all of them'] as const) {
        expect(await finish(bringUp())).toBe(0)
        for (const pid of findVictims(victim, undefined)) signalIfThere(pid, 'SIGKILL')
        await expectNothing(victim)
      }
    },
    victims.length * 20_000,
  )

  it(
    'while it goes down, and then is taken down again',
    async () => {
      const random = seededRandom(11)
      for (const victim of victims) {
        expect(await finish(bringUp())).toBe(0)
        const command = meshyard('down', '--name', name)
        await delay(random() * downMs)
        for (const pid of findVictims(victim, command.pid)) signalIfThere(pid, 'SIGKILL')
        await finish(command)
        await takeDown(folder)
        await expect.poll(traces, soon).toStrictEqual(before)
        expect(existsSync(folder)).toBe(false)
      }
    },
    victims.length * 20_000,
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
