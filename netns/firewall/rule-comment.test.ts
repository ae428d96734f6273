import { describe, expect, it } from 'vitest'
import { parseComment, renderComment } from './rule-comment.ts'

describe('renderComment', () => {
  it('is read back with name, index and reason', () => {
    expect(parseComment(renderComment('set-1', 12, 'Why: it stands here'))).toEqual({
      name: 'set-1',
      index: 12,
      reason: 'Why: it stands here',
    })
  })

  it('holds nothing that would end a quoted text', () => {
    expect(renderComment('set', 0, 'a "word"\nand a \\ stroke')).toBe(
      "set 0: a 'word' and a stroke",
    )
  })

  it('fits the 127 bytes that nft takes, with whole characters', () => {
    const comment = renderComment('set', 0, 'ü'.repeat(200))
    expect(comment).toBe(`set 0: ${'ü'.repeat(60)}`)
    expect(Buffer.byteLength(comment)).toBe(127)
  })
})

describe('parseComment', () => {
  it('knows the comments of others', () => {
    expect(parseComment('rule set sidecar')).toBeUndefined()
  })
})
