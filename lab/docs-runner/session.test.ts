import { expect, it } from 'vitest'
import { endedBlocks, withoutMarks } from './session.ts'

const mark = '\u001Eblock has ended\u001E'

it.each([
  ['', 0],
  ['hello', 0],
  [`hello\r\n${mark}`, 0],
  [`hello\r\n${mark}\r`, 0],
  [`hello\r\n${mark}\r\n`, 1],
  [`hello\r\n${mark}\r\nagain\r\n${mark}`, 1],
  [`${mark}\r\n${mark}\r\n`, 2],
])('a block has ended once the line behind it has: %j', (text, blocks) => {
  expect(endedBlocks(text)).toBe(blocks)
})

it('what is printed after a block that has ended begins with no line break of its', () => {
  const before = `one\r\n${mark}\r\n`
  expect(endedBlocks(before)).toBe(1)
  expect(withoutMarks(`${before}two\r\n${mark}\r\n`.slice(before.length))).toBe('two\r\n')
})
