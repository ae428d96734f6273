import { connect as connectPlain } from 'node:net'
import { parseArgs } from 'node:util'
import { connect } from 'node:tls'

// A program for the inside of a lab: says one line over TCP or TLS, and ends when that has come back.
const { values } = parseArgs({
  options: {
    from: { type: 'string' },
    host: { type: 'string', default: '' },
    port: { type: 'string', default: '' },
    say: { type: 'string', default: '' },
    tls: { type: 'boolean', default: false },
  },
})
const { from, host, port, say } = values
const socket = connectPlain({
  host,
  port: Number(port),
  ...(from !== undefined && { localAddress: from }),
})
const channel = values.tls
  ? connect({ socket, servername: 'stream.test', rejectUnauthorized: false })
  : socket
channel.write(`${say}\n`)
let heard = ''
channel.on('data', (data) => {
  heard += String(data)
  if (heard.includes(say)) channel.end()
})
channel.on('close', () => process.stdout.write(heard))
