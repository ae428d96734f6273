import { expect, it } from 'vitest'
import { openLab } from '#lab/lab.ts'
import { samplePair } from '#lab/topology/sample-pair.ts'

const off = { proxy_listen: 'off', stream_listen: 'off' }
const topology = samplePair([
  {
    kind: 'kong',
    name: 'kong',
    prefix: 'kong',
    settings: { ...off, admin_listen: '127.0.0.1:8001' },
  },
])

it(
  'a store that is taken down twice is back when the second fault is healed',
  { timeout: 120_000 },
  async () => {
    await using lab = await openLab(topology)
    const put = async (): Promise<string> => {
      const ask = 'curl -s -o answer -w %{http_code} -X PUT -d url=tcp://127.0.0.1:1'
      const url = 'http://127.0.0.1:8001/services/one'
      return (await lab.exec('server', ['sh', '-c', `${ask} ${url}`])).stdout
    }
    expect(await put()).toBe('200')
    const first = await lab.fault({ kind: 'store-down' })
    const second = await lab.fault({ kind: 'store-down' })
    await first[Symbol.asyncDispose]()
    expect(await put()).toBe('500')
    await second[Symbol.asyncDispose]()
    expect(await put()).toBe('200')
  },
)
