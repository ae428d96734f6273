import { accessSync, constants, statSync } from 'node:fs'
import type { LabEvent } from '#lab/holder/messages.ts'
import { projectRoot } from '#lab/run/home.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { mayBecomeOthers } from '#lab/run/privileges.ts'
import { readRunState, removeRunFolder, type RunState } from '#lab/run/run-folder.ts'
import { takeTurn } from '#lab/run/turn.ts'
import { planLab } from '#lab/topology/plan.ts'
import { exemptByUser } from '#lab/topology/pods.ts'
import { topologyFaults } from '#lab/topology/topology-faults.ts'
import type { Backend } from '#lab/runtime/runtime.ts'
import type { ProxySubject } from '#lab/topology/proxy-subject.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { isUp } from './end-lab.ts'
import { launchLab, type LaunchedLab } from './launch.ts'
import { endOrphans } from './orphans.ts'

export interface BringUpOptions {
  readonly name: string
  /** Absolute. */
  readonly folder: string
  readonly topology: Topology
  readonly bare: boolean
  readonly keyLog?: boolean
  readonly backend?: Backend
  /** Of containers. Default: one that mounts this machine's programs. */
  readonly image?: string
  /** Default: the product's own. */
  readonly proxy?: ProxySubject
  readonly onEvent?: (event: LabEvent) => void
  readonly signal?: AbortSignal
}

export type BroughtUp =
  | { readonly kind: 'launched'; readonly launched: LaunchedLab }
  | { readonly kind: 'already-up'; readonly state: RunState }

/**
 * Starts a lab unless one runs in that folder.
 * @throws LabError that says what is wrong with the machine, the topology or the first node that could not start; its logs
 * stay in the run folder. What the signal was aborted with, and then nothing stays.
 */
export async function bringUp(options: BringUpOptions): Promise<BroughtUp> {
  const {
    name,
    folder,
    topology,
    bare,
    keyLog = false,
    backend,
    image,
    proxy,
    signal,
    onEvent,
  } = options
  refuseBelowRun(folder)
  const faults = topologyFaults(topology)
  if (faults.length > 0) {
    throw new LabError(`The topology ${topology.name} cannot run:\n  ${faults.join('\n  ')}`)
  }
  if (backend !== 'containers') refuseSecondUsers(topology)
  if (proxy) refuseProxy(proxy, backend)
  await using _turn = await takeTurn(folder, signal)
  const state = readRunState(folder)
  if (state !== undefined && isUp(state)) return { kind: 'already-up', state }
  // Whose folder somebody removed: nobody would find it behind the one that takes its place.
  if (state === undefined && (await endOrphans(folder))) {
    onEvent?.({ kind: 'progress', text: 'ended a lab whose run folder was removed' })
  }
  // A program of another make knows nothing of marks; an image may not have what changes its user.
  const isUnmarked = proxy?.kind === 'command' && mayBecomeOthers()
  const plan = planLab(isUnmarked ? exemptByUser(topology) : topology, {
    name,
    folder,
    root: projectRoot,
    node: process.execPath,
    bare,
    keyLog,
    ...(backend && { backend }),
    ...(image !== undefined && { image }),
    ...(proxy && { proxy }),
  })
  if (plan.backend === 'containers') {
    refuseContainersWithoutRoot()
    const images = [image, proxy?.kind === 'image' ? proxy.image : undefined]
    await prepareEngine(images, options)
  }
  try {
    return { kind: 'launched', launched: await launchLab(plan, options) }
  } catch (error) {
    // Whoever broke it off does not ask its logs why it is not there.
    if (signal?.aborted === true) removeRunFolder(folder)
    throw error
  }
}

/** @throws LabError for a proxy that such a lab cannot run. */
export function refuseProxy(proxy: ProxySubject, backend: Backend | undefined): void {
  if (proxy.kind === 'image' && backend !== 'containers') {
    throw new LabError(
      `The proxy image:${proxy.image} is an image, and these nodes are no containers: add --backend containers, or name a program with command:PATH.`,
    )
  }
  if (proxy.kind === 'command' && !isProgram(proxy.program)) {
    throw new LabError(`The proxy ${proxy.program} cannot be run: there is no such program.`)
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function refuseContainersWithoutRoot(): void {
  if (process.geteuid?.() === 0) return
  throw new LabError(
    'A lab on containers builds networks in the containers of an engine, which needs root: run this with sudo, or without --backend containers.',
  )
}

/** Before there is anything of the lab: an engine may not be there, and to pull an image may take minutes. */
async function prepareEngine(
  images: readonly (string | undefined)[],
  { onEvent }: BringUpOptions,
): Promise<void> {
  // Other labs need no client of an engine.
  const { prepareEngine: prepare } = await import('#lab/runtime/containers/prepare-engine.ts')
  await prepare(
    images.filter((image) => image !== undefined),
    (text) => onEvent?.({ kind: 'progress', text }),
  )
}

function refuseSecondUsers({ name, interception }: Topology): void {
  const pod = interception.find((each) => each.kind === 'pod' && each.exempt === 'uid')
  if (pod === undefined || mayBecomeOthers()) return
  throw new LabError(
    `The topology ${name} tells the sidecar in ${pod.namespace} from its service by its user, which needs root: an ordinary user's lab has one user. Use "exempt": "mark" there, or run this with sudo.`,
  )
}

function refuseBelowRun(folder: string): void {
  if (!`${folder}/`.startsWith('/run/') && !`${folder}/`.startsWith('/var/run/')) return
  throw new LabError(`A lab has a /run of its own, so its folder cannot be ${folder}.`)
}
