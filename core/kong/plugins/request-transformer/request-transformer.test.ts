import { describe, expect, it } from 'vitest'
import { gist, request } from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import {
  type SampleExchange,
  sampleExchange,
  type SampleOptions,
} from '#core/kong/plugins/exchange-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { sampleHost } from '#core/kong/plugins/log-record/host-sample.ts'
import { requestTransformer } from './request-transformer.ts'

async function send(
  config: Readonly<Record<string, unknown>>,
  options: SampleOptions = {},
): Promise<SampleExchange> {
  return (await request(sampleFilter(requestTransformer, config), options)).exchange
}

function headersOf({ request: { headers } }: SampleExchange): string {
  return [...headers].map(([name, value]) => `${name}=${value}`).join(' ')
}

const json = { 'Content-Type': 'application/json; charset=utf-8' }
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

describe('request-transformer', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    const empty = { body: [], headers: [], querystring: [] }
    expect(sampleConfig(requestTransformer)).toEqual({
      http_method: null,
      remove: empty,
      rename: empty,
      replace: empty,
      add: empty,
      append: empty,
    })
    expect(requestTransformer.priority).toBe(801)
  })

  it('refuses changes without a value, and methods that are none', () => {
    const config = {
      http_method: 'get',
      add: { headers: ['a:1', 'b', 'c:1\r\nd: 2'] },
      remove: { headers: ['b'] },
    }
    expect(pluginEntityFaults(requestTransformer, { config })).toEqual({
      config: {
        http_method: 'invalid value: get',
        add: { headers: [null, 'invalid value: b', 'invalid value: c:1\r\nd: 2'] },
      },
    })
  })

  it('does nothing, and waits for nothing, without changes', () => {
    expect(sampleFilter(requestTransformer).access?.(sampleExchange())).toBeUndefined()
  })

  it('removes, renames, replaces, adds and appends headers, in this order', async () => {
    const exchange = await send(
      {
        remove: { headers: ['X-Gone', 'x-absent'] },
        rename: { headers: ['x-old:X-New', 'x-absent:x-other'] },
        replace: { headers: ['x-known:new:value', 'x-absent:1'] },
        add: { headers: ['x-gone:again', 'x-known:2'] },
        append: { headers: ['x-known:3', 'x-more:4'] },
      },
      { headers: { 'x-gone': '1', 'X-Old': ['1', '2'], 'X-Known': 'old' } },
    )
    expect(headersOf(exchange)).toBe(
      'Host=example.test x-known=new:value X-New=1 X-New=2 x-gone=again x-known=3 x-more=4',
    )
  })

  it('only replaces Host, and only for the upstream', async () => {
    const exchange = await send({
      remove: { headers: ['host'] },
      rename: { headers: ['host:x-host'] },
      add: { headers: ['Host:a.test'] },
      append: { headers: ['Host:b.test'] },
      replace: { headers: ['HOST:c.test:81'] },
    })
    expect(headersOf(exchange)).toBe('Host=example.test')
    expect(exchange.request.upstreamHost).toBe('c.test:81')
  })

  it('changes the query', async () => {
    const config = {
      remove: { querystring: ['a'] },
      rename: { querystring: ['b:c'] },
      add: { querystring: ['d:e f'] },
    }
    const exchange = await send(config, { target: '/p?a=1&b=2&x' })
    expect(exchange.request.query).toBe('?c=2&x&d=e%20f')
    expect(
      (await send({ remove: { querystring: ['a'] } }, { target: '/?a=1' })).request.query,
    ).toBe('')
    expect((await send({ add: { querystring: ['a:1'] } })).request.query).toBe('?a=1')
  })

  it('changes a JSON body', async () => {
    const config = {
      remove: { body: ['a'] },
      rename: { body: ['b:c'] },
      replace: { body: ['c:new'] },
      add: { body: ['d:1'] },
      append: { body: ['d:2'] },
    }
    const body = '{"a":1,"b":2}'
    const exchange = await send(config, { method: 'POST', headers: json, body })
    expect(exchange.upstreamBody.toString()).toBe('{"c":"new","d":["1","2"]}')
  })

  it('changes a form, and one with several parts', async () => {
    const config = { remove: { body: ['a'] }, append: { body: ['b:2'] } }
    const plain = await send(config, { method: 'POST', headers: form, body: 'a=1&b=1' })
    expect(plain.upstreamBody.toString()).toBe('b=1&b=2')
    const parts = await send(config, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
      body: '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
    })
    expect(parts.upstreamBody.toString()).toBe(
      '--x\r\nContent-Disposition: form-data; name="b"\r\n\r\n2\r\n--x--\r\n',
    )
  })

  it.for([
    ['text/plain', 'a=1'],
    ['application/json', '[1]'],
    ['application/json', '{"a":'],
    ['multipart/form-data; boundary=x', 'a=1'],
  ] as const)('passes a body of %s that it cannot change on as it is: %s', async ([type, body]) => {
    const exchange = await send(
      { remove: { body: ['a'] }, add: { body: ['b:1'] } },
      { method: 'POST', headers: { 'Content-Type': type }, body },
    )
    expect(exchange.upstreamBody.toString()).toBe(body)
  })

  it('does not hold bodies of more than 8 MiB', async () => {
    const host = sampleHost()
    const filter = sampleFilter(requestTransformer, { add: { body: ['b:1'] } }, host)
    const options = { method: 'POST', headers: json, body: Buffer.alloc(8 * 1024 * 1024 + 1, 32) }
    const announced = await request(filter, options)
    expect(gist(announced.outcome)).toBe('200')
    expect(host.lines).toEqual([
      'warn: [request-transformer] a body of 8388609 bytes is not changed',
    ])
    const silent = sampleExchange(options)
    Object.defineProperty(silent.request, 'contentLength', { value: undefined })
    expect(gist(await silent.pass([filter]))).toBe(
      '413 Request body is too large to be transformed',
    )
  })

  it('changes the method', async () => {
    const exchange = await send(
      { http_method: 'PUT' },
      { method: 'POST', headers: form, body: 'a=1' },
    )
    expect(exchange.request.method).toBe('PUT')
    expect(exchange.request.query).toBe('')
  })

  it('moves a form into the query when it makes a GET of it', async () => {
    const exchange = await send(
      { http_method: 'GET', remove: { querystring: ['z'] } },
      { method: 'POST', target: '/?z=0&y=1', headers: form, body: 'a=1&b=%23' },
    )
    expect(exchange.request.method).toBe('GET')
    expect(exchange.request.query).toBe('?y=1&a=1&b=%23')
    const hostile = await send(
      { http_method: 'GET' },
      { method: 'POST', headers: form, body: 'a= HTTP/1.1\r\nX: \u00e9#' },
    )
    expect(hostile.request.query).toBe('?a=%20HTTP/1.1%0D%0AX:%20%C3%A9%23')
  })
})
