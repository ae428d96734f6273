import { describe, expect, it } from 'vitest'
import { makeCanary } from '#lab/probes/canary.ts'
import { connectionsTaken, linesWithIds, requestsServed } from './read-logs.ts'

const [one, two] = [makeCanary(), makeCanary()]
const log = (...lines: readonly string[]): Parameters<typeof linesWithIds>[0] => ({
  node: 'kong-a',
  name: 'x.log',
  text: `${lines.join('\n')}\n`,
})

describe(linesWithIds, () => {
  it('has each id of a line once, and says where', () => {
    const found = linesWithIds(log('nothing', `GET /${one} "${one}" "${two}"`, `again ${one}`))
    expect(found.map(({ id }) => id)).toEqual([one, two, one])
    expect(found.map(({ where }) => where)).toEqual([
      'line 2 of x.log of kong-a',
      'line 2 of x.log of kong-a',
      'line 3 of x.log of kong-a',
    ])
  })
})

describe(connectionsTaken, () => {
  it('reads what a proxy says and what ncat says, and nothing else', () => {
    const found = connectionsTaken(
      log(
        '2026/11/21 10:31:05 [debug] 14#0: *1 client 10.1.0.2:47548 connected to 10.2.0.6:18443, client: 10.1.0.2, server: 10.2.0.6:18443',
        '2026/11/21 10:31:05 [debug] 14#0: *1 setting address (try 1): 10.2.0.6:18443, client: 10.1.0.2, server: 10.2.0.6:18443',
        'Ncat: Connection from 10.2.0.4.',
        'Ncat: Connection from 10.2.0.4:52196.',
        '14#0: *2 client [fd00::3]:4 connected to [fd00::4]:5, client: fd00::3',
      ),
    )
    expect(found.map(({ client }) => client)).toEqual([
      '10.1.0.2:47548',
      '10.2.0.4:52196',
      '[fd00::3]:4',
    ])
  })
})

describe(requestsServed, () => {
  it('leaves a line that is still being written for later', () => {
    const whole = JSON.stringify({ seen: { protocol: 'tcp', body: one } })
    const text = `${whole}\n${whole.slice(0, -9)}`
    expect(requestsServed({ ...log(), text }).map(({ id }) => id)).toEqual([one])
  })

  it('has a request once and a stream as often as it names its id, and what has none as nameless', () => {
    const seen = (value: unknown): string => JSON.stringify({ seen: value })
    const found = requestsServed(
      log(
        '{"address":"10.2.0.6","ports":{}}',
        seen({ protocol: 'http', method: 'GET', rawHeaders: ['a', one, 'b', one], body: '' }),
        seen({ protocol: 'tcp', body: `${two}\n${two}\n` }),
        seen({ protocol: 'http', method: 'GET', rawHeaders: [], body: '' }),
        seen({ protocol: 'tcp', body: '' }),
      ),
    )
    expect(found.map(({ id }) => id)).toEqual([one, two, two, undefined])
  })
})
