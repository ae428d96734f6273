import { describe, expect, it } from 'vitest'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { loggingHost, passRequests, pathsOf } from '#core/kong/plugins/log-record/logged.ts'
import { openUdpReceiver } from '#core/kong/plugins/log-record/receivers.ts'
import { udpLog } from './udp-log.ts'

describe('udp-log', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(udpLog, { host: 'logs.test', port: 9999 })).toEqual({
      host: 'logs.test',
      port: 9999,
      timeout: 10_000,
    })
    expect(udpLog.priority).toBe(8)
    expect(pluginEntityFaults(udpLog, { config: { host: 'a b', port: 70_000 } })).toEqual({
      config: { host: 'invalid value: a b', port: 'value should be between 0 and 65535' },
    })
  })

  it.for(['127.0.0.1', 'localhost'])('sends each record as a datagram to %s', async (address) => {
    await using receiver = await openUdpReceiver()
    await using host = loggingHost()
    const filter = sampleFilter(udpLog, { host: address, port: receiver.port }, host)
    await passRequests(filter, ['/1', '/2', '/3'])
    await expect.poll(() => pathsOf(receiver.received)).toEqual(['/1', '/2', '/3'])
    expect(host.lines).toEqual([])
  })

  it('says what it drops, and goes on', async () => {
    await using receiver = await openUdpReceiver()
    const host = loggingHost()
    const filter = sampleFilter(udpLog, { host: '127.0.0.1', port: receiver.port }, host)
    await passRequests(filter, [`/${'x'.repeat(70_000)}`, '/2'])
    await host[Symbol.asyncDispose]()
    await expect.poll(() => pathsOf(receiver.received)).toEqual(['/2'])
    expect(host.lines.join()).toMatch(
      new RegExp(`could not send to 127.0.0.1:${receiver.port}: .*EMSGSIZE`),
    )
  })
})
