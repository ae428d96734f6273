import { askLab } from '#lab/client/ask-lab.ts'
import { chooseCapturePoints, type CapturePoint } from '#lab/probes/capture-points.ts'
import type { Frame } from '#lab/probes/pcap.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import { PcapStream } from './pcap-stream.ts'

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

/** Never in a lab that people watch. */
const unlimitedMs = 2 ** 31 - 1

/**
 * Watches the TCP packets of a lab until the signal aborts.
 * @throws LabError when there is no such link, tcpdump does not run, or the lab goes down.
 */
export async function watchLinks(options: WatchOptions): Promise<void> {
  const { plan, signal, onReady } = options
  const points = choosePoints(plan, options.link)
  const links = listLinks(plan, options.link)
  let waitedFor = points.length
  const failed = new AbortController()
  const all = AbortSignal.any([signal, failed.signal])
  const watches = links.map(async (link, index) => {
    try {
      await watchLink(points[index]?.node ?? '', link, {
        ...options,
        signal: all,
        onReady: () => {
          waitedFor -= 1
          if (waitedFor === 0) onReady(links)
        },
      })
    } catch (error) {
      failed.abort(error)
    }
  })
  await Promise.all(watches)
  if (failed.signal.aborted && !signal.aborted) throw failed.signal.reason
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

type LinkOptions = Pick<WatchOptions, 'onFrames' | 'plan' | 'signal'> & {
  readonly onReady: () => void
}

async function watchLink(
  node: string,
  link: WatchedLink,
  { plan, signal, onFrames, onReady }: LinkOptions,
): Promise<void> {
  const stream = new PcapStream()
  let said = ''
  const command = ['tcpdump', '-i', link.interface, '-Z', 'root', '--immediate-mode', '-n', '-U']
  const limits = ['--time-stamp-precision=nano', '-s', '16000', '-B', '16384', '-w', '-', 'tcp']
  const [program = '', ...args] = [...command, ...limits]
  const result = await askLab(
    plan.folder,
    {
      command: 'exec',
      node,
      argv: [program, ...args],
      environment: {},
      input: '',
      timeoutMs: unlimitedMs,
    },
    {
      signal,
      onOutput: (output, data) => {
        if (output === 'stderr') {
          const saidBefore = said
          said += data.toString()
          if (!saidBefore.includes(listening) && said.includes(listening)) onReady()
          return
        }
        const before = stream.linkType
        const frames = stream.push(data)
        const { linkType } = stream
        if (linkType === undefined || (linkType === before && frames.length === 0)) return
        onFrames({ ...link, linkType, frames })
      },
    },
  )
  const how = result.kind === 'exited' ? `exit code ${result.exitCode}` : result.kind
  throw new LabError(`tcpdump on ${link.link} ended (${how}): ${said.trim()}`)
}

const listening = 'listening on'
