import { describe, expect, it } from 'vitest'
import { findExchanges } from './http-responses.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)

describe('exchanges of a connection', () => {
  it('pair requests with answers, whatever these hold', () => {
    const asked =
      'GET /a HTTP/1.1\r\nhost: b\r\n\r\nPOST /b HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi'
    const first = 'HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\nHTTP/1.1 500 Oh\r\n\r\n'
    const answered = `${first}HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n`
    expect(findExchanges(bytes(asked), bytes(answered))).toEqual([
      { method: 'GET', path: '/a', askedAt: 0, status: 200, answeredAt: 0 },
      { method: 'POST', path: '/b', askedAt: 28, status: 404, answeredAt: first.length },
    ])
  })

  it('wait for the answer behind 100 Continue, and know when there is none', () => {
    const asked = 'PUT / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\nx'
    const waiting = 'HTTP/1.1 100 Continue\r\n\r\n'
    expect(findExchanges(bytes(asked), bytes(waiting))).toMatchObject([{ status: undefined }])
    expect(
      findExchanges(bytes(asked), bytes(`${waiting}HTTP/1.1 201 Created\r\n\r\n`)),
    ).toMatchObject([{ status: 201 }])
  })

  it('are none where no HTTP/1 is spoken', () => {
    expect(findExchanges(bytes('PRI * HTTP/2.0\r\n\r\nSM'), bytes(''))).toBeUndefined()
    expect(findExchanges(bytes('hello\n'), bytes('hello\n'))).toBeUndefined()
  })
})
