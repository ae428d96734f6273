import { describe, expect, it } from 'vitest'
import { request } from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { sampleHost } from '#core/kong/plugins/log-record/host-sample.ts'
import { correlationId } from './correlation-id.ts'

const header = 'Kong-Request-ID'
const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

describe('correlation-id', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(correlationId)).toEqual({
      header_name: header,
      generator: 'uuid#counter',
      echo_downstream: false,
    })
    expect(correlationId.priority).toBe(1)
    const config = { generator: 'dice', header_name: 'a b' }
    expect(pluginEntityFaults(correlationId, { config })).toEqual({
      config: {
        generator: 'expected one of: uuid, uuid#counter, tracker',
        header_name: 'invalid value: a b',
      },
    })
  })

  it('counts on for all plugin entities of a node', async () => {
    const host = sampleHost()
    const one = sampleFilter(correlationId, {}, host)
    const other = sampleFilter(correlationId, { header_name: header }, host)
    const first = (await request(one)).exchange.request.headers.get(header) ?? ''
    const second = (await request(other)).exchange.request.headers.get(header)
    expect(first).toMatch(new RegExp(`^${uuid}#1$`))
    expect(second).toBe(first.replace('#1', '#2'))
  })

  it('makes a new UUID for each request', async () => {
    const filter = sampleFilter(correlationId, { generator: 'uuid' })
    const first = (await request(filter)).exchange.request.headers.get(header)
    const second = (await request(filter)).exchange.request.headers.get(header)
    expect(first).toMatch(new RegExp(`^${uuid}$`))
    expect(second).not.toBe(first)
  })

  it('says in a tracker where a request came in', async () => {
    const filter = sampleFilter(correlationId, { generator: 'tracker' })
    const { exchange } = await request(filter, {
      destination: { address: '127.0.0.9', port: 8443 },
    })
    expect(exchange.request.headers.get(header)).toMatch(
      new RegExp(String.raw`^127\.0\.0\.9-8443-${process.pid}-1-1-\d{10}\.\d{3}$`),
    )
  })

  it("keeps the client's own mark", async () => {
    const filter = sampleFilter(correlationId, { echo_downstream: true })
    const { exchange, outcome } = await request(filter, { headers: { [header]: 'mine' } })
    expect(exchange.request.headers.getAll(header)).toEqual(['mine'])
    expect(outcome.headers.get(header)).toBe('mine')
  })

  it('tells the client only if told so', async () => {
    const silent = await request(sampleFilter(correlationId))
    expect(silent.outcome.headers.has(header)).toBe(false)
    const telling = await request(sampleFilter(correlationId, { echo_downstream: true }))
    expect(telling.outcome.headers.get(header)).toBe(telling.exchange.request.headers.get(header))
  })

  it('marks the answer also when another plugin answered before', async () => {
    const filter = sampleFilter(correlationId, { echo_downstream: true })
    const answering = {
      access: (exchange: { answer(reply: { status: number }): void }) =>
        exchange.answer({ status: 401 }),
    }
    const { outcome } = await request([answering, filter])
    expect(outcome.status).toBe(401)
    expect(outcome.headers.get(header)).toMatch(new RegExp(`^${uuid}#1$`))
  })
})
