import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { chooseSeverity, syslog } from './syslog.ts'
import { renderSyslogLine } from './syslog-line.ts'
import { openUnixDatagramReceiver } from './unix-datagram-receiver.ts'
import { UnixDatagramSender } from './unix-datagram-sender.ts'

describe('syslog', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(syslog)).toEqual({
      log_level: 'info',
      successful_severity: 'info',
      client_errors_severity: 'info',
      server_errors_severity: 'info',
    })
    expect(syslog.priority).toBe(4)
    expect(pluginEntityFaults(syslog, { config: { log_level: 'error' } })).toEqual({
      config: {
        log_level: 'expected one of: debug, info, notice, warning, err, crit, alert, emerg',
      },
    })
  })

  it.for([
    [200, 'debug', 'notice'],
    [399, 'notice', 'notice'],
    [404, 'debug', 'warning'],
    [500, 'debug', 'crit'],
    [200, 'warning', undefined],
    [404, 'warning', 'warning'],
    [404, 'err', undefined],
    [500, 'emerg', undefined],
  ] as const)('gives %i at level %s the severity %s', ([status, level, expected]) => {
    const config = sampleConfig(syslog, {
      log_level: level,
      successful_severity: 'notice',
      client_errors_severity: 'warning',
      server_errors_severity: 'crit',
    })
    expect(chooseSeverity(status, config)).toBe(expected)
  })

  it('writes lines as the C library does', () => {
    const time = new Date(2026, 10, 3, 4, 5, 6)
    expect(renderSyslogLine('info', '{}', time)).toBe('<14>Nov  3 04:05:06 kong: {}')
    expect(renderSyslogLine('emerg', '{}', time)).toBe('<8>Nov  3 04:05:06 kong: {}')
  })
})

interface Folder extends AsyncDisposable {
  readonly path: string
}

async function openFolder(): Promise<Folder> {
  const folder = await mkdtemp(join(tmpdir(), 'syslog-'))
  return {
    path: join(folder, 'log'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

describe('UnixDatagramSender', () => {
  it('sends datagrams whole and in order', async () => {
    await using folder = await openFolder()
    using receiver = openUnixDatagramReceiver(folder.path)
    const sender = new UnixDatagramSender(folder.path)
    const long = 'é'.repeat(10_000)
    await sender.send(['one', long, 'three'], new AbortController().signal)
    sender.release()
    expect([receiver.receive(), receiver.receive(), receiver.receive()]).toEqual([
      'one',
      long,
      'three',
    ])
    expect(receiver.receive()).toBeUndefined()
  })

  it('waits for a receiver that is slow', async () => {
    await using folder = await openFolder()
    using receiver = openUnixDatagramReceiver(folder.path)
    const sender = new UnixDatagramSender(folder.path)
    const lines = Array.from({ length: 600 }, (_, at) => `${at} ${'x'.repeat(1000)}`)
    let sent = false
    const sending = sender.send(lines, AbortSignal.timeout(30_000)).then(() => (sent = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(sent).toBe(false)
    const received: string[] = []
    const drain = (): number => {
      for (let line = receiver.receive(); line !== undefined; line = receiver.receive()) {
        received.push(line)
      }
      return received.length
    }
    await expect.poll(drain, { interval: 1 }).toBe(lines.length)
    await sending
    sender.release()
    expect(received).toEqual(lines)
  })

  it('says what is missing, and goes on once it is there', async () => {
    await using folder = await openFolder()
    const sender = new UnixDatagramSender(folder.path)
    const { signal } = new AbortController()
    await expect(sender.send(['1'], signal)).rejects.toThrow(
      `could not send to ${folder.path}: ENOENT; start a syslog daemon that listens there`,
    )
    using receiver = openUnixDatagramReceiver(folder.path)
    await sender.send(['2'], signal)
    sender.release()
    expect(receiver.receive()).toBe('2')
  })

  it('gives up when it is told to', async () => {
    await using folder = await openFolder()
    using receiver = openUnixDatagramReceiver(folder.path)
    const sender = new UnixDatagramSender(folder.path)
    const lines = Array.from({ length: 2000 }, () => 'x'.repeat(1000))
    await expect(sender.send(lines, AbortSignal.timeout(50))).rejects.toThrow('EAGAIN')
    sender.release()
    expect(receiver.receive()).toHaveLength(1000)
  })
})
