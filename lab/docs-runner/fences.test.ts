import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findFences } from './fences.ts'

describe('findFences', () => {
  it('finds each block with its line and its info string', () => {
    const page = ['# Title', '', '```sh console=a', 'one', '', 'two', '```', '~~~', 'three', '~~~']
    expect(findFences(page.join('\n'))).toEqual([
      { line: 4, info: 'sh console=a', content: ['one', '', 'two'] },
      { line: 9, info: '', content: ['three'] },
    ])
  })

  it('closes a block by a fence of the same kind that is at least as long', () => {
    const content = ['```', '~~~~', '``` sh', '```` x']
    const page = ['````sh', ...content, '`````', 'text']
    expect(findFences(page.join('\r\n'))).toEqual([{ line: 2, info: 'sh', content }])
  })

  it('takes the indent of an opening fence off each line, and no more', () => {
    expect(findFences('  ```\n  a\n    b\n c\n  ```')).toMatchObject([
      { content: ['a', '  b', 'c'] },
    ])
  })

  it('goes on to the end of the page when a block is never closed', () => {
    expect(findFences('```\na\nb')).toMatchObject([{ content: ['a', 'b'] }])
  })

  it('sees no block in code spans, in indented code and in comments', () => {
    const page = '``` a `b` ```\n\n    ```\n    code\n    ```\n\n<!--\n```\nhidden\n```\n-->\n'
    expect(findFences(page)).toEqual([])
  })

  it('never throws, and names lines that are in the page', () => {
    const line = fc.constantFrom('```', '~~~', '````sh', '<!--', '-->', 'text', '  ```', '')
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        for (const fence of findFences(lines.join('\n'))) {
          expect(lines.slice(fence.line - 1, fence.line - 1 + fence.content.length).length).toBe(
            fence.content.length,
          )
        }
      }),
    )
  })
})
