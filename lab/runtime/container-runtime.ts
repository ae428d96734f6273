import { randomBytes } from 'node:crypto'
import { existsSync, openSync } from 'node:fs'
import { NetworkNamespace } from '#netns/namespace.ts'
import { writeSysctls } from '#netns/sysctl.ts'
import { compileCache, projectRoot } from '#lab/run/home.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import { buildNetwork } from './build-network.ts'
import { ContainerCommand } from './containers/container-command.ts'
import { ContainerEnds } from './containers/container-ends.ts'
import { ContainerProcess } from './containers/container-process.ts'
import {
  pauseContainer,
  processContainer,
  type ContainerBase,
} from './containers/container-spec.ts'
import { connectEngine } from './containers/engine.ts'
import { labBinds } from './containers/host-image.ts'
import { labLabel, ownerLabel, thisOwner } from './containers/owner.ts'
import { startPause, type Pause } from './containers/pause.ts'
import { writePauses } from './containers/pauses-file.ts'
import { provideImage } from './containers/provide-image.ts'
import { removeContainersOf, removeOrphans } from './containers/remove-containers.ts'
import type { Runtime } from './runtime.ts'

/**
 * Nodes as containers. A pause container for each network namespace of the plan keeps it, and a process namespace; into
 * these the network is built as anywhere else. Each process of a node is a container that shares both.
 */
export async function openContainerRuntime(plan: LabPlan): Promise<Runtime> {
  const { folder } = plan
  const engine = await connectEngine()
  const owner = thisOwner()
  await using built = new AsyncDisposableStack()
  const ends = built.use(await ContainerEnds.open(engine, owner))
  const image = await provideImage(engine, plan.image)
  const places = { root: projectRoot, node: process.execPath, folder, cache: compileCache() }
  const base: ContainerBase = {
    image: image.name,
    binds: [...image.binds, ...labBinds(places)],
    labels: { [labLabel]: plan.name, [ownerLabel]: owner },
    folder,
  }
  const suffix = randomBytes(4).toString('hex')
  const nameOf = (...parts: readonly string[]): string =>
    ['meshyard', plan.name, ...parts, suffix].join('-')

  tellUnclean(built)
  built.defer(async () => {
    await removeContainersOf(engine, owner)
  })
  const [pauses] = await Promise.all([
    startAll(plan.network.namespaces, async ({ name }) => {
      const spec = pauseContainer(base, { name: nameOf(name), hostname: name })
      return [name, await startPause(engine, spec)] as const
    }),
    removeOrphans(engine),
  ])
  writePauses(folder, pauses)
  const pauseOf = (namespace: string): Pause => {
    const found = pauses.get(namespace)
    if (found === undefined) throw new RangeError(`The lab has no namespace "${namespace}"`)
    return found
  }
  const network = built.use(
    buildNetwork(plan, { openNamespace: (name) => openNamespaceOf(pauseOf(name).pid, name) }),
  )
  let starts = 0
  const owned = built.move()
  return {
    backend: 'containers',
    network,
    start: ({ node, name, namespace, argv, log, image: own }, environment) => {
      starts += 1
      const { id } = pauseOf(namespace).container
      return new ContainerProcess({
        engine,
        ends,
        spec: processContainer(
          own === undefined ? base : { ...base, image: own, binds: labBinds(places) },
          {
            name: nameOf(node, name, String(starts)),
            argv,
            environment,
            pause: id,
          },
        ),
        logFd: openSync(log, 'a'),
      })
    },
    run: (namespace, argv, environment) =>
      new ContainerCommand({
        container: pauseOf(namespace).container,
        ends,
        argv,
        environment,
        folder,
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** All at once, and none is left on its way when this returns: what has begun is to be found by whoever clears up. */
async function startAll<item, value>(
  items: readonly item[],
  start: (item: item) => Promise<readonly [string, value]>,
): Promise<ReadonlyMap<string, value>> {
  const results = await Promise.allSettled(items.map(start))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return new Map(results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
}

/** As long as there are containers, an end of this process is not a clean one, whatever it is told to tell. */
function tellUnclean(stack: AsyncDisposableStack): void {
  process.once('exit', beUnclean)
  stack.defer(() => {
    process.off('exit', beUnclean)
  })
}

function beUnclean(): void {
  process.exitCode = 1
}

function openNamespaceOf(pid: number, label: string): NetworkNamespace {
  using opening = new DisposableStack()
  const namespace = opening.use(NetworkNamespace.open(`/proc/${pid}/ns/net`, { label }))
  // Engines switch it off where they give no address.
  if (existsSync('/proc/sys/net/ipv6')) writeSysctls(namespace, ipv6)
  opening.move()
  return namespace
}

const ipv6 = {
  'net.ipv6.conf.all.disable_ipv6': '0',
  'net.ipv6.conf.default.disable_ipv6': '0',
}
