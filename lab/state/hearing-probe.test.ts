import { describe, expect, it } from 'vitest'
import { makeHearingProbe, plainListener } from './hearing-probe.ts'

describe(makeHearingProbe, () => {
  it('is known by a host of its own, and by any answer but that there is no such route', () => {
    const [one, other] = [makeHearingProbe(), makeHearingProbe()]
    expect(one.host).not.toBe(other.host)
    expect(one.route).toEqual({ hosts: [one.host] })
    expect([404, 502, 503].map(one.isHeard)).toEqual([false, true, true])
  })
})

describe(plainListener, () => {
  it.each([
    [
      '127.0.0.3:8000 transparent, 127.0.0.3:8443 ssl transparent',
      { address: '127.0.0.3', port: 8000 },
    ],
    ['127.0.0.3:8443 ssl, [::1]:8000', { address: '::1', port: 8000 }],
    ['127.0.0.3:8000 proxy_protocol', undefined],
    ['off', undefined],
  ])('of "%s" is %j', (listen, endpoint) => {
    expect(plainListener({ proxy_listen: listen })).toEqual(endpoint)
  })
})
