/** What each rendered rule carries, so that its counter finds its way back: `NAME INDEX: reason`. */
export function renderComment(name: string, index: number, reason: string): string {
  return cut(`${name} ${index}: ${reason.replaceAll('"', "'").replaceAll(/[\\\s]+/g, ' ')}`)
}

export interface RuleComment {
  readonly name: string
  readonly index: number
  readonly reason: string
}

/** Reads a comment back; undefined for one that is not ours. */
export function parseComment(comment: string): RuleComment | undefined {
  const [, name, index, reason] = /^([a-z0-9-]+) (\d+): (.*)$/.exec(comment) ?? []
  if (name === undefined || index === undefined || reason === undefined) return undefined
  return { name, index: Number(index), reason }
}

/** nft takes 128 bytes with the closing zero. */
const MAX_BYTES = 127

function cut(text: string): string {
  const characters = Array.from(text)
  while (Buffer.byteLength(characters.join('')) > MAX_BYTES) characters.pop()
  return characters.join('')
}
