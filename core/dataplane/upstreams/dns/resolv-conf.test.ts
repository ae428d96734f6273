import { describe, expect, it } from 'vitest'
import { parseResolvConf, searchedNames } from './resolv-conf.ts'

describe('parseResolvConf', () => {
  it('reads servers, domains and options, and nothing from comments', () => {
    const text = `# nameserver 192.0.2.9
nameserver 192.0.2.1 ; the first
nameserver fe80::1%eth0
nameserver not-an-address
search One.test two.test.
options ndots:5 timeout:7 attempts:99 rotate
`
    expect(parseResolvConf(text)).toEqual({
      servers: [
        { address: '192.0.2.1', port: 53 },
        { address: 'fe80::1%eth0', port: 53 },
      ],
      search: ['one.test', 'two.test'],
      ndots: 5,
      timeoutMs: 7000,
      attempts: 5,
    })
  })

  it('asks the machine itself when nothing is said', () => {
    expect(parseResolvConf('')).toMatchObject({ servers: [{ address: '127.0.0.1', port: 53 }] })
  })
})

describe('searchedNames', () => {
  it('decides by the number of dots what comes first', () => {
    const search = { search: ['ns.test'], ndots: 2 }
    expect(searchedNames('a.b', search)).toEqual(['a.b.ns.test', 'a.b'])
    expect(searchedNames('a.b.c', search)).toEqual(['a.b.c', 'a.b.c.ns.test'])
    expect(searchedNames('a.b.', search)).toEqual(['a.b'])
  })
})
