import { describe, expect, it } from 'vitest'
import { wishOf } from './wish.ts'

describe(wishOf, () => {
  it.for([
    ['/', { status: 200, delayMs: 0, headers: {} }],
    ['/status/404', { status: 404, delayMs: 0, headers: {} }],
    ['/a/status/503/b?x=/status/200', { status: 503, delayMs: 0, headers: {} }],
    ['/delay/1.5', { status: 200, delayMs: 1500, headers: {} }],
    ['/delay/0.1/status/500', { status: 500, delayMs: 100, headers: {} }],
    [
      '/header/x-kong-limit/video=2',
      { status: 200, delayMs: 0, headers: { 'x-kong-limit': 'video=2' } },
    ],
    ['/status/999', { status: 200, delayMs: 0, headers: {} }],
  ] as const)('reads %s', ([path, wish]) => {
    expect(wishOf(path)).toEqual(wish)
  })

  it('waits no longer than a minute', () => {
    expect(wishOf('/delay/86400').delayMs).toBe(60_000)
  })
})
