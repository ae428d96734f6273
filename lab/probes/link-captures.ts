import { setTimeout as wait } from 'node:timers/promises'
import { takeSocket } from '#lab/inside/take-socket.ts'
import type { Lab } from '#lab/lab.ts'
import { chooseCapturePoints, type CapturePoint } from './capture-points.ts'
import { connectionsSince, openCapture, type Capture, type CapturedPackets } from './capture.ts'
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
  /** All packets since the captures opened; a link each, in their order. */
  packets(options?: { readonly sinceMs?: number }): Promise<readonly LinkPackets[]>
}

export interface ConnectionsOptions {
  readonly sinceMs?: number
  readonly until?: (connections: readonly LinkConnection[]) => boolean
  /** Default: 3 000. */
  readonly withinMs?: number
}

const lookAgainMs = 20

/** Captures on every link from now on. */
export async function openLinkCaptures(lab: Lab): Promise<LinkCaptures> {
  await using stack = new AsyncDisposableStack()
  const points = chooseCapturePoints(lab.topology)
  const opened = await Promise.allSettled(
    points.map(async (point) => ({ point, capture: await openPoint(lab, point) })),
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

/** The TCP connections of all links since a time, oldest first. */
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

async function openPoint(lab: Lab, { node, interface: name }: CapturePoint): Promise<Capture> {
  const fd = await takeSocket(lab.folder, { command: 'packets', node, interface: name })
  return openCapture(fd, { interface: name })
}
