import { describe, expect, it } from 'vitest'
import { gist, request } from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { type SampleOptions, sampleExchange } from '#core/kong/plugins/exchange-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import type { HttpExchange } from '#core/model/http-filter.ts'
import { requestSizeLimiting } from './request-size-limiting.ts'

const limit = 1024 * 1024

async function ask(options: SampleOptions): Promise<string> {
  const filter = sampleFilter(requestSizeLimiting, { allowed_payload_size: 1 })
  return gist((await request(filter, options)).outcome)
}

/** A chunked request: its length is not announced. */
async function askChunked(bytes: number): Promise<string> {
  const sample = sampleExchange({
    method: 'POST',
    headers: { 'Transfer-Encoding': 'chunked' },
    body: Buffer.alloc(bytes),
  })
  Object.defineProperty(sample.request, 'contentLength', { value: undefined })
  const filter = sampleFilter(requestSizeLimiting, { allowed_payload_size: 1 })
  return gist(await sample.pass([filter]))
}

describe('request-size-limiting', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(requestSizeLimiting)).toEqual({ allowed_payload_size: 128 })
    expect(requestSizeLimiting.priority).toBe(951)
    expect(pluginEntityFaults(requestSizeLimiting, { protocols: ['tcp'] })).toEqual({
      protocols: ['expected one of: http, https'],
    })
  })

  it('lets bodies up to the limit pass', async () => {
    expect(await ask({ method: 'POST', body: Buffer.alloc(limit) })).toBe('200')
    expect(await ask({})).toBe('200')
  })

  it('refuses a body that announces more', async () => {
    const body = Buffer.alloc(limit + 1)
    expect(await ask({ method: 'POST', body })).toBe('413 Request size limit exceeded')
  })

  it('refuses with 417 a client that waits for leave to send', async () => {
    const options = { method: 'POST', body: Buffer.alloc(limit + 1) }
    expect(await ask({ ...options, headers: { Expect: '100-Continue' } })).toBe(
      '417 Request size limit exceeded',
    )
  })

  it('measures a body whose length is not announced', async () => {
    expect(await askChunked(limit)).toBe('200')
    expect(await askChunked(limit + 1)).toBe('413 Request size limit exceeded')
  })

  it('does not wait for the body of a request that has none', () => {
    const filter = sampleFilter(requestSizeLimiting)
    const exchange: HttpExchange = sampleExchange()
    expect(filter.access?.(exchange)).toBeUndefined()
  })
})
