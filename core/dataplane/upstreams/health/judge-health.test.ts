import { describe, expect, it } from 'vitest'
import type { HealthThresholds } from '#core/model/target-pool.ts'
import { eventOfStatus, judgeHealth, startHealth, type HealthEvent } from './judge-health.ts'

describe('judgeHealth', () => {
  it.each<[string, boolean, HealthEvent[], boolean]>([
    [
      'fails at the third http failure',
      true,
      ['http-failure', 'http-failure', 'http-failure'],
      false,
    ],
    ['still stands after two', true, ['http-failure', 'http-failure'], true],
    [
      'counts only in a row',
      true,
      ['http-failure', 'http-failure', 'success', 'http-failure', 'http-failure'],
      true,
    ],
    ['fails at the second tcp failure', true, ['tcp-failure', 'tcp-failure'], false],
    ['counts kinds apart', true, ['tcp-failure', 'http-failure', 'http-failure'], true],
    [
      'takes a connection for the end of tcp failures',
      true,
      ['tcp-failure', 'connected', 'tcp-failure'],
      true,
    ],
    ['ignores timeouts when their threshold is 0', true, ['timeout', 'timeout', 'timeout'], true],
    ['recovers at the second success', false, ['success', 'success'], true],
    ['recovers only by a row', false, ['success', 'timeout', 'success'], false],
    ['does not recover by connections', false, ['connected', 'connected', 'connected'], false],
    ['starts afresh after recovery', false, ['success', 'success', 'tcp-failure'], true],
  ])('%s', (_what, healthy, events, expected) => {
    const end = events.reduce(
      (state, event) => judgeHealth(state, event, thresholds),
      startHealth(healthy),
    )
    expect(end.healthy).toBe(expected)
  })

  it('changes nothing when all thresholds are 0', () => {
    const off = { ...thresholds, successes: 0, httpFailures: 0, tcpFailures: 0 }
    for (const healthy of [true, false]) {
      const events: HealthEvent[] = ['success', 'http-failure', 'tcp-failure', 'timeout', 'success']
      const end = events.reduce(
        (state, event) => judgeHealth(state, event, off),
        startHealth(healthy),
      )
      expect(end.healthy).toBe(healthy)
    }
  })
})

describe('eventOfStatus', () => {
  it('finds nothing in a status of neither list', () => {
    expect([200, 500, 404].map((status) => eventOfStatus(status, thresholds))).toEqual([
      'success',
      'http-failure',
      undefined,
    ])
  })
})

const thresholds: HealthThresholds = {
  healthyStatuses: new Set([200]),
  unhealthyStatuses: new Set([500]),
  successes: 2,
  httpFailures: 3,
  tcpFailures: 2,
  timeouts: 0,
}
