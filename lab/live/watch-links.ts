import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { connectToLab } from '#lab/client/connect-to-lab.ts'
import { socketFile } from '#lab/holder/socket-file.ts'
import { takeSocket } from '#lab/inside/take-socket.ts'
import { linkTypeEthernet } from '#lab/probes/capture.ts'
import { chooseCapturePoints, type CapturePoint } from '#lab/probes/capture-points.ts'
import type { Frame } from '#lab/probes/pcap.ts'
import { openThreadRing, type ThreadRing } from '#lab/probes/ring-thread.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { LabPlan } from '#lab/topology/plan.ts'

export interface WatchedLink {
  readonly link: string
  readonly interface: string
  /** Of the interface. */
  readonly namespace: string
}

export interface LinkFrames extends WatchedLink {
  readonly linkType: number
  readonly frames: readonly Frame[]
}

export interface WatchOptions {
  readonly plan: LabPlan
  /** One of them alone. Default: all. */
  readonly link?: string | undefined
  /** Ends the watch; that is its usual end. */
  readonly signal: AbortSignal
  /** Once every link is watched. */
  readonly onReady: (links: readonly WatchedLink[]) => void
  /** Packets of one link in the order of their capture, as they come; none at first, when its link type is known. */
  readonly onFrames: (frames: LinkFrames) => void
}

const lookEveryMs = 20

/**
 * Watches the TCP packets of a lab until the signal aborts; all that has crossed a link before that is told.
 * @throws LabError when there is no such link, packets come faster than they are read, or the lab goes down.
 */
export async function watchLinks(options: WatchOptions): Promise<void> {
  const { plan, signal, onReady, onFrames } = options
  await using stack = new AsyncDisposableStack()
  const links: (WatchedLink & { readonly ring: ThreadRing })[] = []
  for (const point of choosePoints(plan, options.link)) {
    const { node, interface: name } = point
    const request = { command: 'packets', node, interface: name } as const
    // oxlint-disable-next-line no-await-in-loop -- each is held before the next one is opened
    const ring = stack.use(await openThreadRing(await takeSocket(plan.folder, request)))
    links.push({ ...toLink(plan, point), ring })
  }
  const down = stack.adopt(await signOfLife(plan), (socket) => {
    socket.destroy()
  })
  onReady(links)
  for (let last = false; !last;) {
    last = signal.aborted
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(
      links.map(async ({ ring, ...link }) => {
        const { frames, dropped } = await ring.take()
        if (frames.length > 0) onFrames({ ...link, linkType: linkTypeEthernet, frames })
        if (dropped > 0) {
          throw new LabError(`${dropped} packets on ${link.link} came faster than they were read.`)
        }
      }),
    )
    if (last) return
    if (down.destroyed) throw new LabError(`The lab ${plan.name} went down.`)
    // oxlint-disable-next-line no-await-in-loop
    await wait(lookEveryMs, undefined, { signal }).catch(() => {})
  }
}

/** Ends with the lab. */
async function signOfLife({ folder }: LabPlan): Promise<Socket> {
  const socket = await connectToLab(folder, socketFile)
  if (socket === undefined) throw new LabError(`No lab is running in ${folder}.`)
  return socket.on('error', () => {}).resume()
}

/** All links of a lab, or the one of that name. @throws LabError when there is none. */
export function listLinks(plan: LabPlan, link: string | undefined): readonly WatchedLink[] {
  return choosePoints(plan, link).map((point) => toLink(plan, point))
}

function choosePoints(plan: LabPlan, link: string | undefined): readonly CapturePoint[] {
  const { network, nodes, name } = plan
  const points = chooseCapturePoints({ ...network, nodes })
  const chosen = points.filter((point) => link === undefined || point.link === link)
  if (chosen.length > 0) return chosen
  const names = points.map((point) => point.link).join(', ')
  throw new LabError(`The lab ${name} has no link "${link}"; it has ${names}.`)
}

function toLink({ nodes }: LabPlan, point: CapturePoint): WatchedLink {
  const namespace = nodes.find(({ name }) => name === point.node)?.namespace ?? point.node
  return { link: point.link, interface: point.interface, namespace }
}
