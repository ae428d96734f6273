import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { parseSyslog } from './config/log-target.ts'
import { openSyslogLog, renderSyslog } from './log-syslog.ts'

const at = new Date(2026, 10, 3, 4, 5, 6)

function render(target: string, line: string): string {
  const parsed = parseSyslog(target)
  if (typeof parsed === 'string') throw new Error(parsed)
  return renderSyslog(parsed, line, at)
}

describe('parseSyslog', () => {
  it('reads server, facility, tag and severity', () => {
    expect(parseSyslog('syslog:server=127.0.0.1')).toEqual({
      host: '127.0.0.1',
      port: 514,
      facility: 23,
      tag: 'nginx',
      severity: 'info',
      hostname: true,
    })
    expect(
      parseSyslog('syslog:server=[::1]:1514,facility=daemon,tag=kong,severity=warn,nohostname'),
    ).toMatchObject({ port: 1514, facility: 3, tag: 'kong', severity: 'warn', hostname: false })
  })

  it.each([
    'syslog:',
    'syslog:server=',
    'syslog:server=unix:/dev/log',
    'syslog:server=127.0.0.1,facility=x',
    'syslog:server=127.0.0.1,severity=loud',
    'syslog:server=127.0.0.1,tag=a b',
    'syslog:server=127.0.0.1,colour=red',
  ])('refuses %s and says how it is written', (target) => {
    expect(parseSyslog(target)).toMatch(
      / in 'syslog:.*'; a syslog target is of form: syslog:server=/,
    )
  })
})

describe('renderSyslog', () => {
  it('marks a line with its priority, the time and the tag', () => {
    const line = '127.0.0.1 - - [...] "GET / HTTP/1.1" 200'
    expect(render('syslog:server=127.0.0.1,nohostname', line)).toBe(
      `<190>Nov  3 04:05:06 nginx: ${line}`,
    )
    expect(render('syslog:server=127.0.0.1,facility=user,tag=t', line)).toBe(
      `<14>Nov  3 04:05:06 ${hostname()} t: ${line}`,
    )
  })

  it('takes the severity of an error line from the line', () => {
    const line = '2026/11/03 04:05:06 [error] 1#0: no'
    expect(render('syslog:server=127.0.0.1', line)).toMatch(/^<187>/)
  })
})

describe('openSyslogLog', () => {
  it('sends each line as a datagram, the last one before it is closed', async () => {
    const server = createSocket('udp4')
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    const received: string[] = []
    server.on('message', (message) => received.push(message.toString()))
    const log = openSyslogLog(`syslog:server=127.0.0.1:${server.address().port},nohostname`)
    log.append('one')
    log.append('two')
    await log[Symbol.asyncDispose]()
    log.append('too late')
    await expect.poll(() => received.length).toBe(2)
    expect(received).toEqual([
      expect.stringMatching(/^<190>.* nginx: one$/),
      expect.stringMatching(/^<190>.* nginx: two$/),
    ])
    server.close()
  })

  it('bears that nobody listens', async () => {
    await using log = openSyslogLog('syslog:server=127.0.0.1:1')
    log.append('lost')
  })
})
