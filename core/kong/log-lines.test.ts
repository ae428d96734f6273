import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { renderErrorLine, renderHttpAccess, renderStreamAccess } from './log-lines.ts'

const connection = {
  id: 7,
  client: { address: '127.0.0.2', port: 40_112 },
  destination: { address: '127.0.0.5', port: 19_000 },
}
const at = new Date('2019-03-12T10:00:00.250Z')

beforeEach(() => void vi.stubEnv('TZ', 'UTC'))
afterEach(() => void vi.unstubAllEnvs())

describe('renderErrorLine', () => {
  it('writes nginx’s form', () => {
    expect(
      renderErrorLine(at, 'debug', 'setting address (try 1): 127.0.0.5:19000', connection),
    ).toBe(
      `2019/03/12 10:00:00 [debug] ${process.pid}#0: *7 setting address (try 1): 127.0.0.5:19000, client: 127.0.0.2, server: 127.0.0.5:19000`,
    )
    expect(renderErrorLine(at, 'notice', 'hello')).toBe(
      `2019/03/12 10:00:00 [notice] ${process.pid}#0: hello`,
    )
  })

  it('lets no client begin a line of its own', () => {
    const line = renderErrorLine(at, 'info', 'SNI: a\r\n2019/03/12 [error] forged', connection)
    expect(line).toContain(String.raw`SNI: a\x0D\x0A2019/03/12 [error] forged`)
    expect(line).not.toMatch(/[\r\n]/)
  })
})

describe('renderStreamAccess', () => {
  it('writes Kong’s form, with both counts of bytes and seconds', () => {
    expect(
      renderStreamAccess(at, {
        connection,
        status: 200,
        bytesToClient: 27,
        bytesFromClient: 21,
        durationMs: 4.2,
      }),
    ).toBe('127.0.0.2 [12/Mar/2019:10:00:00 +0000] TCP 200 27 21 0.004')
  })
})

describe('renderHttpAccess', () => {
  it('writes nginx’s combined format and escapes what a client chose', () => {
    expect(
      renderHttpAccess(at, {
        client: '127.0.0.2',
        requestLine: 'GET /"x\\ HTTP/1.1',
        status: 200,
        bytesToClient: 12,
        userAgent: 'ü\u0001',
      }),
    ).toBe(
      String.raw`127.0.0.2 - - [12/Mar/2019:10:00:00 +0000] "GET /\x22x\x5C HTTP/1.1" 200 12 "-" "\xC3\xBC\x01"`,
    )
  })
})

describe('time zones', () => {
  it.each([
    ['America/St_Johns', '2019-03-12T10:01:00Z', '12/Mar/2019:07:31:00 -0230'],
    ['Asia/Kolkata', '2019-03-12T10:02:00Z', '12/Mar/2019:15:32:00 +0530'],
  ])('writes local time and its distance from UTC in %s', (zone, instant, expected) => {
    vi.stubEnv('TZ', zone)
    const line = renderStreamAccess(new Date(instant), {
      connection,
      status: 200,
      bytesToClient: 0,
      bytesFromClient: 0,
      durationMs: 0,
    })
    expect(line).toContain(`[${expected}]`)
  })
})
