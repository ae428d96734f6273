import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LabError } from '#lab/run/lab-error.ts'
import { connectEngine, type Engine } from '#lab/runtime/containers/engine.ts'
import { provideHostImage } from '#lab/runtime/containers/host-image.ts'
import { ownerLabel, thisOwner } from '#lab/runtime/containers/owner.ts'
import { groupsNamed } from './control-groups.ts'
import type { Leave } from './controls.ts'
import type { Machine } from './machine.ts'
import type { Traces } from './traces.ts'

/** One that has locked itself up never answers. */
const answerMs = 60_000

/** A machine with a container engine that nobody else uses, one that `.ci/with-private-docker` has started. */
export async function withEngine(machine: Machine): Promise<Machine> {
  const engine = await connectEngine()
  const folder = dirname((process.env['DOCKER_HOST'] ?? '').replace(/^unix:\/\//, ''))
  return {
    ...machine,
    take: async () => ({ ...(await machine.take()), ...(await takeOf(engine, folder)) }),
    controls: { ...machine.controls, ...controlsOf(engine) },
    placeForeign: async (place) => {
      await machine.placeForeign(place)
      await placeContainers(engine)
    },
  }
}

/** What the engine tells of itself, and what it has in its own folder and in its own control groups. */
async function takeOf(engine: Engine, folder: string): Promise<Traces> {
  const abortSignal = AbortSignal.timeout(answerMs)
  const [containers, networks, volumes, images] = await Promise.all([
    engine.listContainers({ all: true, abortSignal }),
    engine.listNetworks({ abortSignal }),
    engine.listVolumes({ abortSignal }),
    engine.listImages({ all: true, abortSignal }),
  ]).catch((cause: unknown) => {
    if (!abortSignal.aborted) throw cause
    throw new LabError(`The container engine does not answer within ${answerMs} ms.`)
  })
  const files = ['containers', 'volumes', 'overlay2', 'image/overlay2/layerdb/mounts']
  return {
    containers: containers.map(({ Id, State, Names }) => `${State} ${Names[0]} ${Id}`).toSorted(),
    networks: networks.map(({ Name }) => Name).toSorted(),
    volumes: volumes.Volumes.map(({ Name }) => Name).toSorted(),
    images: images.map(({ Id, RepoTags }) => `${RepoTags?.join(' ')} ${Id}`).toSorted(),
    engineGroups: groupsNamed(folder),
    engineFiles: files.flatMap((each) => list(join(folder, 'data', each))),
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .map((name) => join(folder, name))
      .toSorted()
  } catch {
    // Engines keep things in different places.
    return []
  }
}

/** Containers of somebody without labs, of one whose lab lives, and of one whose lab runs where we cannot see. */
async function placeContainers(engine: Engine): Promise<void> {
  const Image = await provideHostImage(engine)
  for (const Labels of [{}, { [ownerLabel]: thisOwner() }, { [ownerLabel]: 'somebody' }]) {
    // oxlint-disable-next-line no-await-in-loop -- in this order, so that they are listed in it
    await engine.createContainer({ Image, Labels, Cmd: ['none'] })
  }
  const running = await engine.createContainer(runningWith(Image))
  await running.start()
}

/** Waits for input that never comes. */
function runningWith(Image: string) {
  return {
    Image,
    Cmd: ['cat'],
    OpenStdin: true,
    HostConfig: { NetworkMode: 'none', Binds: ['/usr:/usr:ro'] },
  }
}

function controlsOf(engine: Engine): Readonly<Record<string, Leave>> {
  const leaveRunning: Leave = async () => {
    const container = await engine.createContainer(runningWith(await provideHostImage(engine)))
    await container.start()
    return () => container.remove({ force: true })
  }
  return {
    containers: leaveRunning,
    engineGroups: leaveRunning,
    engineFiles: leaveRunning,
    networks: async () => {
      const network = await engine.createNetwork({ Name: 'left' })
      return () => network.remove()
    },
    volumes: async () => {
      await engine.createVolume({ Name: 'left' })
      return () => engine.getVolume('left').remove()
    },
    images: async () => {
      const image = await provideHostImage(engine)
      await engine.getImage(image).tag({ repo: 'left', tag: 'over' })
      return () => engine.getImage('left:over').remove()
    },
  }
}
