import { linkTypeEthernet } from '#lab/probes/capture.ts'
import {
  interfaceBlock,
  packetBlock,
  secretsBlock,
  sectionBlock,
} from '#lab/probes/pcapng/encode-pcapng.ts'
import type { Frame } from '#lab/probes/pcap.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import { openKeyReader } from './key-reader.ts'
import { watchByTurns } from './watch-by-turns.ts'
import { listLinks, type WatchedLink } from './watch-links.ts'

export interface CaptureOptions {
  readonly plan: LabPlan
  readonly link?: string | undefined
  readonly signal: AbortSignal
  readonly write: (bytes: Uint8Array) => void
  readonly onReady: (links: readonly WatchedLink[]) => void
}

export interface Captured {
  readonly packets: number
  /** How many lines of secrets. */
  readonly secrets: number
}

interface Waiting {
  readonly interface: number
  readonly frame: Frame
}

/** So long packets of other links, and the secrets that open them, may be on their way. */
const holdMs = 250

/**
 * Writes the packets of a lab as one capture file while they come, in the order of time, with the secrets that the lab
 * logs before the packets they open, until the signal aborts. All links are in it, also those on which nothing passed.
 * @throws LabError when the links cannot be watched.
 */
export async function writeCapture(options: CaptureOptions): Promise<Captured> {
  const { plan, link, signal, write, onReady } = options
  const readKeys = openKeyReader(plan)
  const links = listLinks(plan, link)
  let waiting: Waiting[] = []
  let packets = 0
  let secrets = 0
  const flush = (untilMs: number): void => {
    const keys = readKeys?.() ?? ''
    if (keys !== '') {
      secrets += keys.split('\n').length - 1
      write(secretsBlock(keys))
    }
    const due = waiting.filter(({ frame }) => frame.atMs <= untilMs)
    waiting = waiting.filter(({ frame }) => frame.atMs > untilMs)
    due.sort((a, b) => (a.frame.atNs < b.frame.atNs ? -1 : a.frame.atNs > b.frame.atNs ? 1 : 0))
    for (const { interface: number, frame } of due) {
      write(packetBlock({ ...frame, interface: number, comments: [] }))
    }
    packets += due.length
  }
  write(sectionBlock({ comments: [`${plan.name} (${plan.topology})`], application: 'meshyard' }))
  for (const { link: name, interface: device, namespace } of links) {
    const description = `${device} in the namespace ${namespace}`
    write(interfaceBlock({ name, description, linkType: linkTypeEthernet, snapLength: 0 }))
  }
  await watchByTurns({
    plan,
    link,
    signal,
    onReady,
    onFrames: ({ frames, link: name }) => {
      const number = links.findIndex((each) => each.link === name)
      for (const frame of frames) waiting.push({ interface: number, frame })
    },
    lateMs: holdMs,
    onTurn: flush,
  })
  return { packets, secrets }
}
