import { describe, expect, it } from 'vitest'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleExchange, type SampleUpstream } from '#core/kong/plugins/exchange-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { responseTransformer } from './response-transformer.ts'

async function receive(
  config: Readonly<Record<string, unknown>>,
  upstream: SampleUpstream,
): Promise<{ readonly headers: string; readonly body: string }> {
  const filter = sampleFilter(responseTransformer, config)
  const { headers, body } = await sampleExchange().pass([filter], upstream)
  const written = [...headers].map(([name, value]) => `${name}=${value}`).join(' ')
  return { headers: written, body: body.toString() }
}

const json = { 'Content-Type': 'application/json', 'Content-Length': '13' }

describe('response-transformer', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    const empty = { json: [], headers: [] }
    expect(sampleConfig(responseTransformer)).toEqual({
      remove: empty,
      replace: empty,
      add: empty,
      append: empty,
    })
    expect(responseTransformer.priority).toBe(800)
    const config = { add: { headers: ['a'] }, rename: { headers: [] } }
    expect(pluginEntityFaults(responseTransformer, { config })).toEqual({
      config: { add: { headers: ['invalid value: a'] }, rename: 'unknown field' },
    })
  })

  it('removes, replaces, adds and appends headers, in this order', async () => {
    const config = {
      remove: { headers: ['X-Gone'] },
      replace: { headers: ['x-known:new', 'x-absent:1'] },
      add: { headers: ['x-gone:again', 'x-known:2'] },
      append: { headers: ['x-known:3:é'] },
    }
    const upstream = { headers: { 'x-gone': ['1', '2'], 'X-Known': 'old' }, body: ['hello'] }
    expect(await receive(config, upstream)).toEqual({
      headers: 'x-known=new x-gone=again x-known=3:\xc3\xa9',
      body: 'hello',
    })
  })

  it('changes a JSON body that comes in pieces, and takes its length back', async () => {
    const config = {
      remove: { json: ['a'] },
      replace: { json: ['b:2'] },
      add: { json: ['c:3'] },
      append: { json: ['c:4'] },
    }
    const piece = Buffer.from('{"a":1,"b":"é"}')
    const body = [piece.subarray(0, 13), piece.subarray(13), '']
    expect(await receive(config, { headers: json, body })).toEqual({
      headers: 'Content-Type=application/json',
      body: '{"b":"2","c":["3","4"]}',
    })
  })

  it.for([
    ['text/html', '{"a":1}'],
    ['application/json', '[1]'],
    ['application/json', '{"a":'],
    ['application/json', ''],
  ] as const)('passes a body of %s that it cannot change on as it is: %j', async ([type, body]) => {
    const upstream = { headers: { 'Content-Type': type }, body: [body] }
    expect((await receive({ remove: { json: ['a'] } }, upstream)).body).toBe(body)
  })

  it('lets a body of more than 8 MiB pass while it comes', async () => {
    const filter = sampleFilter(responseTransformer, { add: { json: ['b:1'] } })
    const exchange = sampleExchange()
    let transform: ((piece: Uint8Array, last: boolean) => Uint8Array) | undefined
    const headers = new Map([['Content-Type', 'application/json']])
    const response = {
      headers: { get: (name: string) => headers.get(name) },
      transformBody: (given: typeof transform) => (transform = given),
    }
    Object.defineProperty(exchange, 'response', { value: response })
    filter.responseHead?.(exchange)
    const mebibyte = Buffer.alloc(1024 * 1024, 32)
    const sizes = Array.from({ length: 12 }, (_, at) => transform?.(mebibyte, at === 11).length)
    expect(sizes.map((size) => (size ?? 0) / mebibyte.length)).toEqual([
      0, 0, 0, 0, 0, 0, 0, 0, 9, 1, 1, 1,
    ])
  })
})
