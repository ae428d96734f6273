import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Lab } from '#lab/lab.ts'
import { chooseCapturePoints, type CapturePoint } from './capture-points.ts'
import {
  connectionsSince,
  dialMarker,
  openCapture,
  type Capture,
  type CapturedPackets,
  type RunCommand,
} from './capture.ts'
import type { TcpConnection } from './tcp-flows.ts'

export interface LinkConnection extends TcpConnection {
  readonly link: string
}

/** What one interface carried. */
export interface LinkPackets extends CapturedPackets {
  readonly link: string
  readonly interface: string
  /** Of the interface. */
  readonly namespace: string
}

/** All links of a lab, captured while it is open. */
export interface LinkCaptures extends AsyncDisposable {
  /**
   * The TCP connections of all packets since `sinceMs` (default: since the captures opened) on any link, oldest first.
   * With `until` it looks again until that holds, but no longer than `withinMs`: the end of a connection comes a moment
   * after the answer.
   */
  connections(options?: ConnectionsOptions): Promise<readonly LinkConnection[]>
  /** All packets since the captures opened, markers (connections to port 9) among them; a link each, in their order. */
  packets(options?: { readonly sinceMs?: number }): Promise<readonly LinkPackets[]>
}

export interface ConnectionsOptions {
  readonly sinceMs?: number
  readonly until?: (connections: readonly LinkConnection[]) => boolean
  /** Default: 3 000. */
  readonly withinMs?: number
}

/** The lab ends its commands in time unless told otherwise; a capture lasts as long as it is held. */
const unlimitedMs = 2 ** 31 - 1
/** A marker is refused at once; over a broken link it would try for minutes. */
const markerTimeoutMs = 2_000
const lookAgainMs = 20

/** Captures on every link, and is ready when each capture listens. Files go to `captures/` in the lab's folder. */
export async function openLinkCaptures(lab: Lab): Promise<LinkCaptures> {
  await using stack = new AsyncDisposableStack()
  const points = chooseCapturePoints(lab.topology)
  const folder = join(lab.folder, 'captures')
  await Promise.all(
    [...new Set(points.map(({ node }) => node))].map((node) =>
      lab.exec(node, ['mkdir', '-p', folder]),
    ),
  )
  const opened = await Promise.allSettled(
    points.map(async (point) => ({ point, capture: await openPoint(lab, point, folder) })),
  )
  const captures = opened.flatMap((result) => {
    if (result.status === 'rejected') return []
    stack.use(result.value.capture)
    return [result.value]
  })
  const failed = opened.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason

  const packets: LinkCaptures['packets'] = (options) =>
    Promise.all(
      captures.map(async ({ point, capture }) => ({
        ...(await capture.packets(options)),
        link: point.link,
        interface: point.interface,
        namespace: namespaceOf(lab, point),
      })),
    )
  const look = async (sinceMs: number): Promise<readonly LinkConnection[]> =>
    findLinkConnections(await packets({ sinceMs }), sinceMs)
  const owned = stack.move()
  return {
    async connections({ sinceMs = 0, until = () => true, withinMs = 3_000 } = {}) {
      const deadline = performance.now() + withinMs
      let found = await look(sinceMs)
      while (!until(found) && performance.now() < deadline) {
        await wait(lookAgainMs)
        found = await look(sinceMs)
      }
      return found
    },
    packets,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The TCP connections of all links since a time, without markers, oldest first. */
export function findLinkConnections(
  links: readonly LinkPackets[],
  sinceMs: number,
): readonly LinkConnection[] {
  return links
    .flatMap((packets) =>
      connectionsSince(packets, sinceMs).map((connection) => ({
        ...connection,
        link: packets.link,
      })),
    )
    .toSorted((a, b) => a.startedAtMs - b.startedAtMs)
}

function namespaceOf({ topology }: Lab, { node }: CapturePoint): string {
  return topology.nodes.find(({ name }) => name === node)?.namespace ?? node
}

function openPoint(lab: Lab, point: CapturePoint, folder: string): Promise<Capture> {
  const runIn =
    (node: string, timeoutMs: number): RunCommand =>
    (argv) =>
      lab.exec(node, argv, { timeoutMs })
  return openCapture({
    run: runIn(point.node, unlimitedMs),
    interface: point.interface,
    file: join(folder, `${point.link}-${point.node}.pcap`),
    mark: () => dialMarker(runIn(point.marker.from, markerTimeoutMs), point.marker.to),
  })
}
