import { once } from 'node:events'
import type { Writable } from 'node:stream'

const headerBytes = 8
const stderrKind = 2

/**
 * Takes apart what an engine sends of a container without a terminal: frames of a kind (stdout or stderr), three empty
 * bytes, a length and as many bytes. Waits for whoever is slow; what is for a destroyed target is dropped. Resolves when
 * the source ends.
 */
export async function demultiplex(
  source: AsyncIterable<string | Buffer>,
  { stdout, stderr }: { readonly stdout: Writable; readonly stderr: Writable },
): Promise<void> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const part of source) {
    const chunk = Buffer.from(part)
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUInt32BE(4)
      if (rest.length < end) break
      await write(rest[0] === stderrKind ? stderr : stdout, rest.subarray(headerBytes, end))
      rest = rest.subarray(end)
    }
  }
}

async function write(target: Writable, data: Buffer): Promise<void> {
  if (target.destroyed || target.write(data)) return
  const done = new AbortController()
  try {
    const { signal } = done
    await Promise.race([once(target, 'drain', { signal }), once(target, 'close', { signal })])
  } finally {
    done.abort()
  }
}
