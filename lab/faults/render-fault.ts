import type { FaultSpec, FaultStatus, MeasuredWay } from './fault-spec.ts'

/** A fault as one would say it: `delay a --ms 50 --from kong-a`. It can be typed behind `meshyard fault`. */
export function renderSpec(spec: FaultSpec): string {
  const { kind, ...rest } = spec
  const place = 'link' in rest ? [rest.link] : 'node' in rest ? [rest.node] : []
  const options = Object.entries(rest)
    .filter(([name]) => name !== 'link' && name !== 'node')
    .map(([name, value]) => `--${name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}=${value}`)
  return [kind, ...place, ...options].join(' ')
}

/** What was asked and what probes saw, on one line. */
export function renderFault({ id, spec, by, measured, packets, note }: FaultStatus): string {
  const seen = measured.map((way) => renderMeasured(way, spec))
  const counted = packets === undefined ? [] : [renderPackets(packets, spec)]
  const details = [...(note === undefined ? [] : [note]), ...seen, ...counted]
  const told = details.length === 0 ? '' : `: ${details.join('; ')}`
  return `${id} ${renderSpec(spec)} (${by})${told}`
}

/** `service-a → kong-a: 50.3 ms (50.1 to 51.0)`. */
export function renderMeasured(way: MeasuredWay, { kind }: FaultSpec): string {
  return `${way.from} → ${way.to}: ${renderSeen(way, kind)}`
}

function renderPackets(
  { seen, lost, repeated }: NonNullable<FaultStatus['packets']>,
  { kind }: FaultSpec,
): string {
  const twice = kind === 'duplicate' || repeated > 0 ? `, ${repeated} twice` : ''
  return `${seen} packets, ${lost} lost${twice}`
}

function renderSeen(
  { sent, arrived, repeated, delayMs, mbit }: MeasuredWay,
  kind: FaultSpec['kind'],
): string {
  if (kind === 'partition') return `${arrived} of ${sent} probes arrive`
  if (kind === 'loss')
    return `${(((sent - arrived) / sent) * 100).toFixed(1)} % of ${sent} probes lost`
  if (kind === 'duplicate')
    return `${((repeated / sent) * 100).toFixed(1)} % of ${sent} probes arrive twice`
  if (kind === 'rate' && mbit !== undefined) return `${mbit.toFixed(2)} Mbit/s`
  if (delayMs === undefined) return 'no probe arrives'
  const { median, least, most } = delayMs
  return `${median.toFixed(1)} ms (${least.toFixed(1)} to ${most.toFixed(1)})`
}
