import { describe, expect, it } from 'vitest'
import type { FaultStatus } from './fault-spec.ts'
import { renderFault, renderSpec } from './render-fault.ts'

const base: Omit<FaultStatus, 'spec'> = {
  id: 'f1',
  state: 'active',
  since: '2020-01-01T00:00:00.000Z',
  by: 'packet queue',
  measured: [],
  packets: undefined,
  note: undefined,
}
const way = {
  from: 'kong-a',
  to: 'kong-b',
  sent: 20,
  arrived: 15,
  repeated: 0,
  delayMs: undefined,
  mbit: undefined,
}

describe(renderSpec, () => {
  it('writes what can be typed', () => {
    expect(renderSpec({ kind: 'delay', link: 'a', ms: 50, jitterMs: 20, from: 'kong-a' })).toBe(
      'delay a --ms=50 --jitter-ms=20 --from=kong-a',
    )
    expect(renderSpec({ kind: 'clock', node: 'kong-b', offset: '-3d' })).toBe(
      'clock kong-b --offset=-3d',
    )
    expect(renderSpec({ kind: 'store-down' })).toBe('store-down')
  })
})

describe(renderFault, () => {
  it('shows what was asked beside what was measured', () => {
    const delayMs = { median: 50.42, least: 50.1, most: 53.5 }
    const status: FaultStatus = {
      ...base,
      spec: { kind: 'delay', link: 'mesh', ms: 50 },
      measured: [{ ...way, delayMs }],
      packets: { seen: 7, lost: 0, repeated: 0 },
    }
    expect(renderFault(status)).toBe(
      'f1 delay mesh --ms=50 (packet queue): kong-a → kong-b: 50.4 ms (50.1 to 53.5); 7 packets, 0 lost',
    )
  })

  it('says of losses, cuts and rates what counts there', () => {
    const measured = [{ ...way, mbit: 3.987 }]
    expect(
      renderFault({ ...base, measured, spec: { kind: 'loss', link: 'a', percent: 25 } }),
    ).toContain('25.0 % of 20 probes lost')
    expect(renderFault({ ...base, measured, spec: { kind: 'partition', link: 'a' } })).toContain(
      '15 of 20 probes arrive',
    )
    expect(
      renderFault({ ...base, measured, spec: { kind: 'rate', link: 'a', mbit: 4 } }),
    ).toContain('3.99 Mbit/s')
    const twice = [{ ...way, arrived: 20, repeated: 5, mbit: undefined }]
    const packets = { seen: 40, lost: 0, repeated: 9 }
    expect(
      renderFault({
        ...base,
        measured: twice,
        packets,
        spec: { kind: 'duplicate', link: 'a', percent: 25 },
      }),
    ).toContain('25.0 % of 20 probes arrive twice; 40 packets, 0 lost, 9 twice')
  })
})
