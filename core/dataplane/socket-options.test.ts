import { closeSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openTransparentListener, openUpstreamSocket } from './socket-options.ts'
import { openListeningSocket } from './listeners/listening-socket.ts'

// TEST-NET-1 and the documentation prefix: no machine has these addresses.
const foreign4 = '192.0.2.7'
const foreign6 = '2001:db8::7'

describe('a transparent socket', () => {
  it.each([foreign4, foreign6])(
    'can be bound to %s, which this machine does not have',
    (address) => {
      closeSync(openTransparentListener(address, 0))
      closeSync(openUpstreamSocket(address, { bind: address }))
    },
  )

  it('is what makes that possible', async () => {
    const at = { address: foreign4, port: 0, transparent: false }
    await expect(openListeningSocket(at, () => {})).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  })

  it('says which call failed and leaves no descriptor behind', async () => {
    await using taken = await openListeningSocket(
      { address: '127.0.0.1', port: 0, transparent: true },
      () => {},
    )
    const before = openDescriptors()
    expect(() => openTransparentListener('127.0.0.1', taken.bound.port)).toThrow('bind: EADDRINUSE')
    expect(openDescriptors()).toBe(before)
  })
})

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}
