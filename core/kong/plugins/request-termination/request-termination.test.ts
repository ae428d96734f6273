import { describe, expect, it } from 'vitest'
import { request } from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { requestTermination } from './request-termination.ts'

async function answer(config: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { outcome } = await request(sampleFilter(requestTermination, config))
  return `${outcome.status} ${outcome.headers.get('Content-Type')} ${outcome.body.toString()}`
}

const json = 'application/json; charset=utf-8'

describe('request-termination', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(requestTermination)).toEqual({
      status_code: 503,
      message: null,
      content_type: null,
      body: null,
    })
    expect(requestTermination.priority).toBe(2)
  })

  it.for([
    [{ status_code: 99 }, { status_code: 'value should be between 100 and 599' }],
    [{ message: 'a', body: 'b' }, 'message cannot be used with content_type or body'],
    [
      { message: 'a', content_type: 'text/plain' },
      'message cannot be used with content_type or body',
    ],
    [{ content_type: 'text/plain' }, 'content_type requires a body'],
    [{ body: 'a', content_type: 'text/plain\r\nX: y' }, { content_type: expect.any(String) }],
  ] as const)('refuses %j', ([config, fault]) => {
    expect(pluginEntityFaults(requestTermination, { config })).toEqual({ config: fault })
  })

  it.for([
    [401, 'Unauthorized'],
    [404, 'Not found'],
    [405, 'Method not allowed'],
    [500, 'An unexpected error occurred'],
    [502, 'Bad Gateway'],
    [503, 'Service unavailable'],
  ] as const)('has a message of its own for %i', async ([status, message]) => {
    expect(await answer({ status_code: status })).toBe(`${status} ${json} {"message":"${message}"}`)
  })

  it('has none for any other status', async () => {
    expect(await answer({ status_code: 418 })).toBe(`418 ${json} {}`)
  })

  it('answers with the message', async () => {
    expect(await answer({ status_code: 404, message: 'gone "fishing"' })).toBe(
      String.raw`404 ${json} {"message":"gone \"fishing\""}`,
    )
  })

  it('answers with the body', async () => {
    expect(await answer({ body: '{"a":1}' })).toBe(`503 ${json} {"a":1}`)
    expect(await answer({ body: '<p>', content_type: 'text/html' })).toBe('503 text/html <p>')
  })
})
