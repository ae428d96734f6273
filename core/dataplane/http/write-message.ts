import type { Channel } from '#core/dataplane/channel/channel.ts'

const scratch = Buffer.allocUnsafeSlow(128 * 1024)

/** Writes a text (latin1), bytes and another text, in one piece where they are not too many. */
export function writeMessage(
  channel: Channel,
  prefix: string,
  body: Uint8Array,
  suffix: string,
): boolean {
  if (prefix === '' && suffix === '') return body.length === 0 || channel.write(body)
  const length = prefix.length + body.length + suffix.length
  if (length > scratch.length) {
    channel.write(Buffer.from(prefix, 'latin1'))
    const flows = channel.write(body)
    return suffix === '' ? flows : channel.write(Buffer.from(suffix, 'latin1'))
  }
  scratch.write(prefix, 0, 'latin1')
  scratch.set(body, prefix.length)
  if (suffix !== '') scratch.write(suffix, prefix.length + body.length, 'latin1')
  return channel.write(scratch.subarray(0, length))
}
