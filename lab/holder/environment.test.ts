import { describe, expect, it } from 'vitest'
import { labEnvironment } from './environment.ts'

describe(labEnvironment, () => {
  it('keeps settings and proxies of the caller out, and the terminal in', () => {
    const outside = {
      KONG_LOG_LEVEL: 'crit',
      https_proxy: 'http://elsewhere',
      NODE_OPTIONS: '--inspect',
      TERM: 'xterm',
      PATH: '/usr/bin:/opt/bin',
    }
    expect(
      labEnvironment(outside, { first: ['/product/core/bin'], last: ['/product/sudo'] }),
    ).toStrictEqual({
      TERM: 'xterm',
      PATH: '/product/core/bin:/usr/bin:/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin:/product/sudo',
    })
  })
})
