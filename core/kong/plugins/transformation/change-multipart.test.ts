import { describe, expect, it } from 'vitest'
import { parseMultipart } from '#core/rest/multipart.ts'
import { type ChangeLists, parseChanges } from './change.ts'
import { changeMultipart } from './change-multipart.ts'

const type = 'multipart/form-data; boundary=xx'

function body(...parts: readonly (readonly [name: string, value: string])[]): Buffer {
  const written = parts.map(
    ([name, value]) =>
      `--xx\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\nContent-Type: text/x\r\n\r\n${value}\r\n`,
  )
  return Buffer.from(`${written.join('')}--xx--\r\n`)
}

function change(given: Buffer, lists: Partial<ChangeLists>): Buffer | undefined {
  const changes = parseChanges({ remove: [], replace: [], add: [], append: [], ...lists })
  return changes === undefined ? given : changeMultipart(given, type, changes)
}

/** As another reader sees it: `a=1 b=2`. */
function read(changed: Buffer | undefined): string | undefined {
  return (
    changed &&
    parseMultipart(changed, type)
      ?.map((p) => `${p.name}=${String(p.value)}`)
      .join(' ')
  )
}

describe('changeMultipart', () => {
  it.for([
    [{ remove: ['a'] }, 'b=2'],
    [{ rename: ['a:é'] }, 'é=1 b=2 é=3'],
    [{ rename: ['a:b'] }, 'b=1 b=3'],
    [{ replace: ['a:ü', 'x:1'] }, 'a=ü b=2'],
    [{ add: ['a:9', 'c:4'] }, 'a=1 b=2 a=3 c=4'],
    [{ append: ['a:4', 'c:5'] }, 'a=1 b=2 a=3 a=4 c=5'],
  ] as const)('makes of a=1 b=2 a=3 with %j: %s', ([lists, expected]) => {
    expect(read(change(body(['a', '1'], ['b', '2'], ['a', '3']), lists))).toBe(expected)
  })

  it('leaves the bytes of other fields alone', () => {
    const content = Buffer.from([0, 255, 13, 10, 10, 128])
    const [head = '', tail = ''] = body(['a', '@']).toString('latin1').split('@')
    const given = Buffer.concat([Buffer.from(head), content, Buffer.from(tail)])
    const changed = change(given, { append: ['b:1'] })
    expect(changed?.subarray(0, head.length + content.length)).toEqual(
      given.subarray(0, head.length + content.length),
    )
  })

  it('says that other bodies are none', () => {
    expect(change(Buffer.from('a=1'), { add: ['a:1'] })).toBeUndefined()
    const changes = parseChanges({ remove: ['a'], replace: [], add: [], append: [] })
    expect(
      changes && changeMultipart(body(['a', '1']), 'multipart/form-data', changes),
    ).toBeUndefined()
  })
})
