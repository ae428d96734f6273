import { describe, expect, it } from 'vitest'
import type { LogLevel } from '#core/base/log.ts'
import type { Observer } from '#core/model/observer.ts'
import { createLogObserver } from './log-observer.ts'

const connection = {
  id: 7,
  client: { address: '10.1.0.2', port: 40_112 },
  destination: { address: '10.2.0.5', port: 19_000 },
}
const target = { address: 'fd00::5', port: 19_000 }
const stream = { connection, status: 200, bytesToClient: 1, bytesFromClient: 2, durationMs: 3 }

function linesOf(level: LogLevel, act: (observer: Observer) => void): string[] {
  const lines: string[] = []
  const errorLine = (line: string): void => void lines.push(`error.log ${line}`)
  const accessLine = (line: string): void => void lines.push(`access.log ${line}`)
  act(createLogObserver({ level: () => level, errorLine, accessLine }))
  // Time and process differ from run to run.
  return lines.map((line) => line.replace(/ \d{4}\/\S+ \S+ (?=\[)/, ' ').replace(/\d+#0: /, ''))
}

function everything(observer: Observer): void {
  observer.accepted(connection)
  observer.terminatingTls(connection, 'b.example')
  observer.dialing(connection, 1, target)
  observer.dialFailed(connection, 1, target, 'connect() failed (111: Connection refused)')
  observer.unrouted(connection, 'stream')
  observer.fault(connection, 'client sent rubbish')
  observer.streamFinished(stream)
}

const about = ', client: 10.1.0.2, server: 10.2.0.5:19000'

describe('createLogObserver', () => {
  it('tells each step of a connection at debug level', () => {
    expect(linesOf('debug', everything)).toEqual([
      `error.log [debug] *7 client 10.1.0.2:40112 connected to 10.2.0.5:19000${about}`,
      `error.log [info] *7 attempting to terminate TLS${about}`,
      `error.log [debug] *7 SNI: b.example${about}`,
      `error.log [debug] *7 setting address (try 1): [fd00::5]:19000${about}`,
      `error.log [error] *7 connect() failed (111: Connection refused) while connecting to upstream, upstream: "[fd00::5]:19000"${about}`,
      `error.log [error] *7 no Route found with those values${about}`,
      `error.log [warn] *7 client sent rubbish${about}`,
      expect.stringMatching(/^access\.log 10\.1\.0\.2 \[.*\] TCP 200 1 2 0\.003$/),
    ])
  })

  it.each([
    ['info', 5],
    ['warn', 4],
    ['error', 3],
    ['crit', 1],
  ] as const)('writes fewer lines at level %s, but always the access log', (level, count) => {
    const lines = linesOf(level, everything)
    expect(lines).toHaveLength(count)
    expect(lines.at(-1)).toMatch(/^access\.log/)
  })
})
