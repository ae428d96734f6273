import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { makeCertificate } from '#lab/services/certificate.ts'
import type { KongCluster, KongNode } from '#scenarios/support/kong-cluster.ts'
import { askStream } from '#scenarios/support/stream-client.ts'
import { useKongNode } from '#scenarios/support/use-kong-node.ts'

let cluster: KongCluster
let node: KongNode
useKongNode((opened) => ({ cluster, node } = opened), {
  stream_listen: 'ADDRESS:5555, ADDRESS:5556',
})

describe('TLS on stream ports', () => {
  it('the example of the TCP announcement works with curl’s forms and openssl s_client', async () => {
    const { address, ports } = cluster.echo
    await node.configure('POST', '/services', `name=tcpbin-echo&url=tcp://${address}:${ports.tcp}`)
    await node.configure(
      'POST',
      '/services/tcpbin-echo/routes',
      'protocols=tls&snis=tlsbin-example',
    )
    const output = await openssl('tlsbin-example', 'hello from the client\n')
    expect(output).toContain('O = Kong, OU = IT Department, CN = localhost')
    expect(output).toContain('hello from the client')
    // Another name has no route: not a byte comes back, not even of a handshake.
    expect(await openssl('another-example', 'hello\n')).not.toContain('CN = ')
  })

  it('a certificate of the Admin API is shown for its server name, the default for any other', async () => {
    const { cert, key } = await makeCertificate('named.test')
    await node.configure('POST', '/certificates', { cert, key, snis: ['named.test'] })
    const { address, ports } = cluster.echo
    const service = await node.configure('POST', '/services', {
      url: `tcp://${address}:${ports.tcp}`,
    })
    await node.configure('POST', `/services/${service['id']}/routes`, {
      protocols: ['tcp', 'tls'],
      destinations: [{ port: 5556 }],
    })
    const shown = async (serverName: string): Promise<unknown> => {
      const answer = await askStream({
        address: node.address,
        port: 5556,
        send: 'x',
        tls: { serverName },
      })
      return answer.serverCertificate
    }
    await expect.poll(() => shown('named.test')).toBe('named.test')
    expect(await shown('other.test')).toBe('localhost')
    expect(await shown('')).toBe('localhost')
  })

  it.for([
    ['tcp', undefined, false],
    ['tcp', {}, false],
    ['tls', undefined, true],
    ['tls', {}, true],
  ] as const)(
    'towards a %s service with client TLS %o the service sees TLS: %s',
    async ([protocol, tls, seen]) => {
      const { address, ports } = cluster.echo
      const service = await node.configure('POST', '/services', {
        url: `${protocol}://${address}:${ports[protocol]}`,
      })
      const route = await node.configure('POST', `/services/${service['id']}/routes`, {
        protocols: ['tcp', 'tls'],
        sources: [{ ip: '127.0.0.1' }],
        destinations: [{ port: 5556 }],
      })
      const answer = await askStream({
        address: node.address,
        port: 5556,
        send: 'the bytes of the client',
        ...(tls && { tls }),
      })
      await node.configure('DELETE', `/routes/${route['id']}`)
      const [report = '', echoed] = answer.text.split('\n')
      expect(echoed).toBe('the bytes of the client')
      const { tls: upstream } = JSON.parse(report)
      expect(upstream !== undefined).toBe(seen)
      // The stream proxy sends no server name of its own.
      if (seen) expect(upstream.serverName).toBeUndefined()
    },
  )

  async function openssl(serverName: string, input: string): Promise<string> {
    const connect = ['s_client', '-connect', `${node.address}:5555`, '-servername', serverName]
    const client = spawn('openssl', [...connect, '-quiet', '-verify_quiet', '-no_ign_eof'])
    client.stdin.on('error', () => {})
    client.stdin.write(input)
    // Without an end of input it stays; the echo, or the end of the connection, is all that is waited for.
    let heard = ''
    client.stdout.setEncoding('utf8').on('data', (data: string) => {
      heard += data
      if (heard.includes(input)) client.stdin.end()
    })
    const [errors] = await Promise.all([text(client.stderr), once(client, 'close')])
    return `${heard}\n${errors}`
  }
})
