import { randomBytes } from 'node:crypto'
import type { Direction } from './byte-stream.ts'
import type { Frame } from './pcap.ts'
import { frameAt, joinRuns } from './runs.ts'
import { offsetInDirection } from './tls/read-direction.ts'
import type { TlsReading } from './tls/tls-reading.ts'

/** A secret that a request carries, so that it is known again wherever its bytes are seen. */
export type Canary = string

/** A new secret of 128 bits, in letters and digits that pass through headers, paths and bodies as they are. */
export function makeCanary(): Canary {
  return `canary${randomBytes(16).toString('hex')}`
}

/** Every canary in a text, as often as it is there. */
export function canariesIn(text: string): readonly Canary[] {
  return text.match(/canary[\da-f]{32}/g) ?? []
}

/** Where a canary was seen on a connection. */
export interface Sighting {
  /** `decrypted`: only somebody who has the keys sees it there. */
  readonly as: 'plaintext' | 'decrypted'
  /** How it was written: `as it is`, `in hexadecimal`, `in base64`. */
  readonly form: string
  readonly direction: 'toServer' | 'toClient'
  /** In which it began. */
  readonly frame: Frame | undefined
}

export interface CanaryTarget {
  readonly toServer: Direction
  readonly toClient: Direction
  /** What TLS kept secret, where it can be read. */
  readonly content: TlsReading['content']
}

/** Every first sighting in each direction, in plaintext and decrypted. */
export function findCanary(canary: Canary, target: CanaryTarget): readonly Sighting[] {
  const forms = canaryForms(canary)
  return (['toServer', 'toClient'] as const).flatMap((direction) => {
    const bytes = target[direction]
    const plain = joinRuns(bytes).flatMap((run): Sighting[] =>
      findForms(forms, run.bytes).map(({ form, at }) => ({
        as: 'plaintext',
        form,
        direction,
        frame: frameAt(bytes, run.offset + at),
      })),
    )
    const parts = target.content?.[direction] ?? []
    const decrypted = findForms(forms, Buffer.concat(parts.map((part) => part.bytes))).map(
      ({ form, at }): Sighting => ({
        as: 'decrypted',
        form,
        direction,
        frame: frameAt(bytes, offsetInDirection(parts, at)),
      }),
    )
    return [...plain, ...decrypted]
  })
}

interface Form {
  readonly form: string
  readonly bytes: Buffer
}

/** A proxy or plugin may write what it was given in another way; base64 has three, by what stands before. */
function canaryForms(canary: Canary): readonly Form[] {
  const bytes = Buffer.from(canary)
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    // The characters at the edges depend on the neighbours too.
    return { form: 'in base64', bytes: Buffer.from(text.slice(before === 0 ? 0 : before + 1, -4)) }
  })
  return [
    { form: 'as it is', bytes },
    { form: 'in hexadecimal', bytes: Buffer.from(bytes.toString('hex')) },
    ...base64,
  ]
}

function findForms(
  forms: readonly Form[],
  content: Uint8Array,
): readonly { readonly form: string; readonly at: number }[] {
  const searched = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  return forms.flatMap(({ form, bytes }) => {
    const at = searched.indexOf(bytes)
    return at < 0 ? [] : [{ form, at }]
  })
}
