import { describe, expect, it } from 'vitest'
import { RequestHeadReader } from '#core/codec/http1-request-head.ts'
import { hostContradiction } from './host-agreement.ts'

describe(hostContradiction, () => {
  const destination = { address: '127.0.0.3', port: 8000 }

  it.each([
    ['http://h/', 'h:80'],
    ['https://h/', 'h:443'],
    ['http://H:80/', 'h'],
    ['http://h:/', 'h'],
    ['http://[FD00::1]/', '[fd00::1]:80'],
    ['/', 'anything'],
  ])('takes the target %s and the Host %s for the same place', (target, host) => {
    expect(contradiction(target, host)).toBeUndefined()
  })

  it.each(['127.0.0.3:8000', '127.0.0.3', 'localhost:8000'])(
    'lets a client name this end of its connection in Host: %s',
    (host) => expect(contradiction('http://h/', host)).toBeUndefined(),
  )

  it.each([
    ['http://t/', 'h'],
    ['http://h/', 'h:443'],
    ['https://h/', 'h:80'],
    ['http://[::1]/', '[::2]'],
    ['http://h/', '127.0.0.3:8001'],
    ['http://h/', '127.0.0.4:8000'],
    ['http://h/', 'localhost:80'],
  ])('takes the target %s and the Host %s for different places', (target, host) => {
    expect(contradiction(target, host)).toContain(`Host is "${host}"`)
  })

  function contradiction(target: string, host: string): string | undefined {
    const reader = new RequestHeadReader({ maxHeadBytes: 4096, maxLineBytes: 4096 })
    reader.read(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`), 0)
    return hostContradiction(reader.take()!, destination)
  }
})
