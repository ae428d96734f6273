import { once } from 'node:events'
import { closeSync, mkdtempDisposableSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { receiveDescriptor, sendDescriptor } from './pass-descriptor.ts'

function descriptorOf(socket: Socket): number {
  return Reflect.get(Reflect.get(socket, '_handle'), 'fd')
}

async function openPair(folder: string) {
  const server = createServer({ pauseOnConnect: true })
  server.listen(join(folder, 'socket'))
  await once(server, 'listening')
  const near = connect(join(folder, 'socket'))
  near.pause()
  const [far]: Socket[] = await once(server, 'connection')
  server.close()
  if (far === undefined) throw new Error('no connection')
  return { near, far, [Symbol.dispose]: () => void [near, far].map((each) => each.destroy()) }
}

describe('a descriptor over a Unix socket', () => {
  it('is one of its own for who receives it, beside the bytes', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'descriptor-'))
    using pair = await openPair(folder.path)
    const file = join(folder.path, 'file')
    writeFileSync(file, 'what it holds')
    const fd = openSync(file, 'r')
    sendDescriptor(descriptorOf(pair.far), Buffer.from('here'), fd)
    closeSync(fd)
    const received = await receiveDescriptor(descriptorOf(pair.near), { withinMs: 5_000 })
    expect(Buffer.from(received.bytes).toString()).toBe('here')
    expect(readFileSync(received.descriptor ?? -1, 'utf8')).toBe('what it holds')
    closeSync(received.descriptor ?? -1)
  })

  it('is absent where bytes come alone, where nothing comes, and at the end', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'descriptor-'))
    using pair = await openPair(folder.path)
    pair.far.write('alone')
    const alone = await receiveDescriptor(descriptorOf(pair.near), { withinMs: 5_000 })
    expect(Buffer.from(alone.bytes).toString()).toBe('alone')
    expect(alone.descriptor).toBeUndefined()
    await expect(receiveDescriptor(descriptorOf(pair.near), { withinMs: 20 })).rejects.toThrow(
      'Cannot receive a descriptor over a Unix socket: ETIMEDOUT',
    )
    pair.far.destroy()
    const end = await receiveDescriptor(descriptorOf(pair.near), { withinMs: 5_000 })
    expect(end).toEqual({ bytes: Buffer.alloc(0), descriptor: undefined })
  })
})
