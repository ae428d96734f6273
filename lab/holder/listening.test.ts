import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { listensOn } from './listening.ts'

describe(listensOn, () => {
  it.for(['127.0.0.1', '::1', '0.0.0.0', '::'])(
    'sees a socket that listens on %s, and not once it is closed',
    async (address) => {
      const server = createServer().listen(0, address)
      await once(server, 'listening')
      const bound = server.address()
      if (bound === null || typeof bound === 'string') throw new Error('no port')
      const endpoint = { address, port: bound.port }
      expect(listensOn(process.pid, [endpoint])).toBe(true)
      server.close()
      await once(server, 'close')
      expect(listensOn(process.pid, [endpoint])).toBe(false)
    },
  )

  it('wants all of the endpoints', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('no port')
    const open = { address: '127.0.0.1', port: bound.port }
    expect(listensOn(process.pid, [open, { ...open, address: '127.0.0.2' }])).toBe(false)
    server.close()
  })

  it('is false for a process that is gone', () => {
    expect(listensOn(2 ** 22 - 1, [{ address: '127.0.0.1', port: 1 }])).toBe(false)
  })
})
