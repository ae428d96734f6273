import { openSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { makeCertificate } from './certificate.ts'
import { openEchoService } from './echo.ts'

// A collection in the middle of a fast API call aborts Node 26.
setFlagsFromString('--no-turbo-fast-api-calls')

const { values } = parseArgs({
  options: {
    address: { type: 'string', multiple: true, default: ['127.0.0.1'] },
    http: { type: 'string', default: '0' },
    https: { type: 'string', default: '0' },
    tcp: { type: 'string', default: '0' },
    tls: { type: 'string', default: '0' },
  },
})
const ports = {
  http: Number(values.http),
  https: Number(values.https),
  tcp: Number(values.tcp),
  tls: Number(values.tls),
}
const keyLog = process.env['MESHYARD_KEYLOG']
const keyFile = keyLog === undefined ? undefined : openSync(keyLog, 'a', 0o600)
const certificate = await makeCertificate('echo')
await Promise.all(
  values.address.map(async (address) => {
    const service = await openEchoService({
      address,
      ports,
      certificate,
      onSeen: (seen) => void process.stdout.write(`${JSON.stringify({ seen })}\n`),
      ...(keyFile !== undefined && { onKeys: (line: Buffer) => void writeSync(keyFile, line) }),
    })
    process.stdout.write(`${JSON.stringify({ address, ports: service.ports })}\n`)
  }),
)
// Not left to the end, which is a signal.
flushCompileCache()
