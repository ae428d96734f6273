import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { demultiplex } from './demultiplex.ts'

interface Frame {
  readonly kind: number
  readonly data: string
}

function encode(frames: readonly Frame[]): Buffer {
  return Buffer.concat(
    frames.flatMap(({ kind, data }) => {
      const header = Buffer.alloc(8)
      header[0] = kind
      header.writeUInt32BE(Buffer.byteLength(data), 4)
      return [header, Buffer.from(data)]
    }),
  )
}

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function takeApart(bytes: Buffer, size: number): Promise<readonly string[]> {
  const targets = { stdout: new PassThrough(), stderr: new PassThrough() }
  const texts = Promise.all([text(targets.stdout), text(targets.stderr)])
  await demultiplex(Readable.from(cut(bytes, size)), targets)
  targets.stdout.end()
  targets.stderr.end()
  return texts
}

describe(demultiplex, () => {
  it('gives each target what is its own, wherever the stream is cut', async () => {
    const frame = fc.record({ kind: fc.constantFrom(1, 2), data: fc.string({ maxLength: 50 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(frame), fc.integer({ min: 1, max: 100 }), async (frames, size) => {
        const of = (kind: number): string =>
          frames.map((each) => (each.kind === kind ? each.data : '')).join('')
        expect(await takeApart(encode(frames), size)).toStrictEqual([of(1), of(2)])
      }),
      { numRuns: 50 },
    )
  })

  it('waits for a target that is slow', async () => {
    const stdout = new PassThrough({ highWaterMark: 10 })
    const frames = Array.from({ length: 5 }, () => ({ kind: 1, data: 'x'.repeat(10) }))
    const source = Readable.from(cut(encode(frames), 18))
    const done = demultiplex(source, { stdout, stderr: new PassThrough() })
    await new Promise(setImmediate)
    expect(stdout.writableLength + stdout.readableLength).toBeLessThan(50)
    const all = text(stdout)
    await done
    stdout.end()
    expect(await all).toHaveLength(50)
  })

  it('goes on past a target that is destroyed while it is waited for', async () => {
    const stdout = new PassThrough({ highWaterMark: 1 })
    const stderr = new PassThrough()
    const frames = [1, 1, 2].map((kind) => ({ kind, data: 'data' }))
    const done = demultiplex(Readable.from([encode(frames)]), { stdout, stderr })
    await new Promise(setImmediate)
    stdout.destroy()
    await done
    expect(String(stderr.read())).toBe('data')
  })
})
