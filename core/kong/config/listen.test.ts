import { describe, expect, it } from 'vitest'
import { parseListen } from './listen.ts'

const usage =
  'proxy_listen must be of form: [off] | <ip>:<port> [ssl] [http2] [proxy_protocol] [transparent], [... next entry ...]'

describe('parseListen', () => {
  it('finds flags in any order and writes them in nginx’s', () => {
    expect(parseListen('proxy_listen', ['127.0.0.4:8443 transparent   ssl'])).toEqual({
      addresses: [
        {
          ip: '127.0.0.4',
          port: 8443,
          ssl: true,
          http2: false,
          proxyProtocol: false,
          transparent: true,
          listener: '127.0.0.4:8443 ssl transparent',
        },
      ],
      faults: [],
    })
  })

  it.each([
    ['[::]:8000', '0000:0000:0000:0000:0000:0000:0000:0000'],
    ['[::1]:8001', '0000:0000:0000:0000:0000:0000:0000:0001'],
    ['[fd00:A::1:2]:1', 'fd00:000a:0000:0000:0000:0000:0001:0002'],
    ['[::ffff:10.0.0.1]:1', '0000:0000:0000:0000:0000:ffff:0a00:0001'],
    ['[1:2:3:4:5:6:7:8]:1', '0001:0002:0003:0004:0005:0006:0007:0008'],
  ])('case 53: expands the IPv6 address of %s', (entry, ip) => {
    const parsed = parseListen('proxy_listen', [entry])
    const port = entry.slice(entry.lastIndexOf(':') + 1)
    expect(parsed).toMatchObject({ addresses: [{ ip, listener: `[${ip}]:${port}` }] })
  })

  it('case 54: takes host names, also ones that contain a flag', () => {
    expect(
      parseListen('proxy_listen', ['ssl.myname.com:8000', 'ssl_myname.com:8000 ssl']),
    ).toMatchObject({
      addresses: [
        { ip: 'ssl.myname.com', ssl: false },
        { ip: 'ssl_myname.com', ssl: true },
      ],
    })
  })

  it('listens nowhere when the first entry is off, whatever follows', () => {
    expect(parseListen('stream_listen', ['off', 'rubbish'])).toEqual({ addresses: [], faults: [] })
    expect(parseListen('stream_listen', ['offshore.com:9000'])).toMatchObject({
      addresses: [{ ip: 'offshore.com' }],
    })
  })

  it.each([
    '',
    'Off',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '127.0.0.256:80',
    '::1:80',
    '[::g]:80',
    '127.0.0.1:80 deferred',
    '127.0.0.1:80 reuseport ssl',
    'http://127.0.0.1:80',
    'a b:80',
  ])('cases 50 and 51: refuses %j', (entry) => {
    expect(parseListen('proxy_listen', [entry])).toEqual({ addresses: [], faults: [usage] })
    expect(parseListen('proxy_listen', ['127.0.0.1:1', entry])).toEqual({
      addresses: [],
      faults: [usage],
    })
  })

  it('refuses ssl for streams, whose first bytes tell', () => {
    expect(parseListen('stream_listen', ['127.0.0.1:9000 ssl'])).toEqual({
      addresses: [],
      faults: [
        'stream_listen must be of form: [off] | <ip>:<port> [proxy_protocol] [transparent], [... next entry ...]',
      ],
    })
  })
})
