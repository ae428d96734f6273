import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, it, vi } from 'vitest'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { loggingHost, passRequests, pathsOf } from '#core/kong/plugins/log-record/logged.ts'
import { openLineReceiver, unusedPort } from '#core/kong/plugins/log-record/receivers.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { tcpLog } from './tcp-log.ts'

const host127 = { host: '127.0.0.1' }

describe('tcp-log', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(tcpLog, { host: 'logs.test', port: 5000 })).toEqual({
      host: 'logs.test',
      port: 5000,
      timeout: 10_000,
      keepalive: 60_000,
      tls: false,
      tls_sni: null,
    })
    expect(tcpLog.priority).toBe(7)
    expect(pluginEntityFaults(tcpLog, {})).toEqual({
      config: { host: 'required field missing', port: 'required field missing' },
    })
  })

  it('sends each record as a line, over one connection', async () => {
    await using receiver = await openLineReceiver()
    await using host = loggingHost()
    const filter = sampleFilter(tcpLog, { ...host127, port: receiver.port }, host)
    await passRequests(filter, ['/1', '/2'])
    await expect.poll(() => pathsOf(receiver.received)).toEqual(['/1', '/2'])
    await passRequests(filter, ['/3'])
    await expect.poll(() => pathsOf(receiver.received)).toEqual(['/1', '/2', '/3'])
    expect(receiver.connections()).toBe(1)
  })

  it('connects again when it has been idle for too long', async () => {
    await using receiver = await openLineReceiver()
    await using host = loggingHost()
    const config = { ...host127, port: receiver.port, keepalive: 20 }
    const filter = sampleFilter(tcpLog, config, host)
    let sent = 0
    await vi.waitFor(
      async () => {
        sent += 1
        await passRequests(filter, [`/${sent}`])
        await expect.poll(() => receiver.received).toHaveLength(sent)
        expect(receiver.connections()).toBeGreaterThan(1)
      },
      { interval: 60, timeout: 20_000 },
    )
  })

  it('connects again when the receiver has closed', async () => {
    await using host = loggingHost()
    await using receiver = await openLineReceiver()
    const filter = sampleFilter(tcpLog, { ...host127, port: receiver.port }, host)
    await passRequests(filter, ['/1'])
    await expect.poll(() => receiver.received).toHaveLength(1)
    receiver.disconnect()
    // What is written before the news of the end arrives is lost, as with any TCP connection.
    const arrived = (): void => expect(pathsOf(receiver.received)).toContain('/2')
    await vi.waitFor(
      async () => {
        await passRequests(filter, ['/2'])
        await vi.waitFor(arrived, { timeout: 200 })
      },
      { timeout: 20_000 },
    )
    expect(receiver.connections()).toBe(2)
  })

  it('speaks TLS and names the server', async () => {
    const identity = await selfSigned(kongSubject)
    const names: unknown[] = []
    await using receiver = await openLineReceiver((onConnection) =>
      createTlsServer({ cert: identity.certificate, key: identity.privateKey }, (socket) => {
        names.push(socket.servername)
        onConnection(socket)
      }),
    )
    await using host = loggingHost()
    const config = { ...host127, port: receiver.port, tls: true, tls_sni: 'logs.test' }
    await passRequests(sampleFilter(tcpLog, config, host), ['/1'])
    await expect.poll(() => pathsOf(receiver.received)).toEqual(['/1'])
    expect(names).toEqual(['logs.test'])
  })

  it('does not let a node stop before everything is sent', async () => {
    await using receiver = await openLineReceiver()
    const host = loggingHost()
    const paths = Array.from({ length: 500 }, (_, at) => `/${at}`)
    await passRequests(sampleFilter(tcpLog, { ...host127, port: receiver.port }, host), paths)
    await host[Symbol.asyncDispose]()
    await expect.poll(() => pathsOf(receiver.received)).toEqual(paths)
  })

  it('says what it drops when nobody is there', async () => {
    const port = await unusedPort()
    const host = loggingHost()
    await passRequests(sampleFilter(tcpLog, { ...host127, port }, host), ['/1'])
    await host[Symbol.asyncDispose]()
    expect(host.lines.join()).toMatch(
      new RegExp(`could not send to 127.0.0.1:${port}: connect ECONNREFUSED`),
    )
  })
})
