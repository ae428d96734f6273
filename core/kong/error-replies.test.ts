import { describe, expect, it } from 'vitest'
import { createErrorReplies } from './error-replies.ts'

const replies = createErrorReplies('text/plain')

describe('createErrorReplies', () => {
  it('tells in JSON that no route matched, whatever the client accepts', () => {
    expect(replies({ kind: 'no-route' }, 'text/html')).toEqual({
      status: 404,
      reason: 'Not Found',
      headers: [['Content-Type', 'application/json; charset=utf-8']],
      body: '{"message":"no Route matched with those values"}',
    })
  })

  it('asks a plain client to upgrade', () => {
    const reply = replies({ kind: 'upgrade-required' }, undefined)
    expect(reply).toMatchObject({
      status: 426,
      body: '{"message":"Please use HTTPS protocol"}',
    })
    expect(reply.headers).toContainEqual(['Upgrade', 'TLS/1.2, HTTP/1.1'])
  })

  it('answers 503 for a name that does not resolve', () => {
    expect(replies({ kind: 'name-resolution-failed' }, undefined)).toMatchObject({
      status: 503,
      body: '{"message":"name resolution failed"}',
    })
  })

  it.each([
    [undefined, 'text/plain; charset=UTF-8', 'The upstream server is timing out\n'],
    ['*/*', 'text/plain; charset=UTF-8', 'The upstream server is timing out\n'],
    ['application/json', 'application/json', '{"message":"The upstream server is timing out"}\n'],
    [
      'text/html, application/json',
      'text/html; charset=UTF-8',
      '<html><head><title>Kong Error</title></head><body><h1>Kong Error</h1><p>The upstream server is timing out.</p></body></html>\n',
    ],
    [
      'application/xml',
      'application/xml',
      '<?xml version="1.0" encoding="UTF-8"?>\n<error><message>The upstream server is timing out</message></error>\n',
    ],
  ])('speaks the type that Accept: %s names', (accept, type, body) => {
    expect(replies({ kind: 'status', status: 504 }, accept)).toEqual({
      status: 504,
      reason: 'Gateway Time-out',
      headers: [['Content-Type', type]],
      body,
    })
  })

  it('uses error_default_type only for a client that accepts nothing in particular', () => {
    const inJson = createErrorReplies('application/json')
    expect(inJson({ kind: 'status', status: 502 }, undefined).body).toMatch(/^\{"message"/)
    expect(inJson({ kind: 'status', status: 502 }, 'text/plain').body).toMatch(/^An invalid/)
  })

  it('has a text for a status that Kong has none for', () => {
    expect(replies({ kind: 'status', status: 599 }, undefined).body).toBe(
      'The upstream server responded with 599\n',
    )
  })
})
