import { linkTypeEthernet } from '#lab/probes/capture.ts'
import { parseTcpSegment } from '#lab/probes/tcp-segment.ts'
import type { ExecResult } from '#lab/lab.ts'
import type { LinkConnection } from '#lab/probes/link-captures.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import { grounds, type Ground } from '#scenarios/support/ground.ts'
import type { Yard } from '#scenarios/support/stage.ts'

/** Faults of links take links: the topologies that have some. */
export const linked: readonly Ground[] = grounds.filter(({ topology }) => topology === 'sidecars')

/** Service A opens a stream through both proxies to a server that speaks first. */
export function greet(
  yard: Yard,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ExecResult> {
  const { serviceA, serviceB } = yard.ground.addresses
  const argv = ['ncat', '--recv-only', '--source', serviceA, serviceB, '19000'] as const
  return yard.run('service-a', argv, options)
}

/** The same, waiting for a greeting that does not come until it is disposed of. */
export function greetInVain(yard: Yard): AsyncDisposable & { readonly answered: () => boolean } {
  const enough = new AbortController()
  let answered = false
  const waiting = greet(yard, { signal: enough.signal }).then(
    () => {
      answered = true
      return undefined
    },
    () => undefined,
  )
  return {
    answered: () => answered,
    [Symbol.asyncDispose]: async () => {
      enough.abort()
      await waiting
    },
  }
}

/** Waits until a dial has come over a link and, after that, the only fault has taken more packets away: dials are repeated. */
export async function untilLostBehind(yard: Yard, link: string): Promise<void> {
  const lost = async (): Promise<number> => (await yard.lab.faults())[0]?.packets?.lost ?? 0
  await eventually(`no dial was seen on ${link}`, async () => {
    return (await greetingsOn(yard, link)).length > 0
  })
  const before = await lost()
  await eventually('no packet was lost', async () => (await lost()) > before)
}

export const greeting = 'Hello from Service B (TCP)\n'

/** The streams of `greet` that were dialled on a link since a time: older ones may still repeat what was lost. */
export async function greetingsOn(
  yard: Yard,
  link: string,
  { sinceMs = 0 } = {},
): Promise<readonly LinkConnection[]> {
  const { serviceB } = yard.ground.addresses
  const found = await yard.connections()
  return found.filter((each) => {
    const { server, startedAtMs, frames } = each
    return (
      each.link === link &&
      server.address === serviceB &&
      server.port === 19_000 &&
      startedAtMs >= sinceMs &&
      parseTcpSegment(linkTypeEthernet, frames.first.bytes)?.syn === true
    )
  })
}

/** Service A sends a body through both proxies to the echo service, which says how much of it arrived. */
export function upload(yard: Yard, bytes: number): Promise<ExecResult> {
  const { serviceA, echo } = yard.ground.addresses
  return yard.run('service-a', [
    'sh',
    '-c',
    `head -c ${bytes} /dev/zero | tr '\\0' x | curl --silent --show-error --interface ${serviceA} --header 'Expect:' --data-binary @- --output /dev/null --write-out '%{http_code} %{size_upload} %{time_total}' http://${echo}:18000/`,
  ])
}

/** Segments with payload that crossed a link to a port more than once: their bytes had been seen before. */
export async function repeatedSegments(
  yard: Yard,
  link: string,
  port: number,
  { sinceMs = 0 } = {},
): Promise<number> {
  const packets = (await yard.packets()).find((each) => each.link === link)
  const seen = new Set<string>()
  let repeated = 0
  for (const { bytes, atMs } of packets?.frames ?? []) {
    if (atMs < sinceMs) continue
    const segment = parseTcpSegment(packets?.linkType ?? 0, bytes)
    if (segment === undefined || segment.payloadLength === 0) continue
    if (segment.destination.port !== port) continue
    const key = `${segment.source.address} ${segment.source.port} ${segment.sequence}`
    if (seen.has(key)) repeated += 1
    seen.add(key)
  }
  return repeated
}

/** From the first dial of a stream on a link to the answer of the server's kernel, on the wire, in ms. */
export async function acceptedAfterMs(
  yard: Yard,
  link: string,
  { sinceMs }: { readonly sinceMs: number },
): Promise<number> {
  const packets = (await yard.packets()).find((each) => each.link === link)
  const segments = (packets?.frames ?? []).flatMap((frame) => {
    const segment = parseTcpSegment(packets?.linkType ?? 0, frame.bytes)
    return segment === undefined || frame.atMs < sinceMs ? [] : [{ ...segment, atMs: frame.atMs }]
  })
  const dial = segments.find(
    ({ syn, ack, destination }) => syn && !ack && destination.port === 19_000,
  )
  const answer = segments.find(
    ({ syn, ack, destination }) => syn && ack && destination.port === dial?.source.port,
  )
  return (answer?.atMs ?? Number.POSITIVE_INFINITY) - (dial?.atMs ?? 0)
}
