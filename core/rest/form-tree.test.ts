import { describe, expect, it } from 'vitest'
import { buildFormTree } from './form-tree.ts'
import { parsePairs } from './urlencoded.ts'

function treeOf(text: string): unknown {
  return buildFormTree(parsePairs(text))
}

describe('the names of form arguments', () => {
  it.each([
    ['a=1', { a: '1' }],
    ['a=1&a=2', { a: ['1', '2'] }],
    ['a[]=1', { a: ['1'] }],
    ['a[]=1&a[]=2', { a: ['1', '2'] }],
    ['a[1]=x&a[2]=y', { a: ['x', 'y'] }],
    ['a[7]=y&a[2]=x', { a: ['x', 'y'] }],
    ['a.b=1&a.c=2', { a: { b: '1', c: '2' } }],
    [
      'd[1].ip=127.0.0.5&d[1].port=19000&d[2].port=1',
      { d: [{ ip: '127.0.0.5', port: '19000' }, { port: '1' }] },
    ],
    ['a[1].b.c=v', { a: [{ b: { c: 'v' } }] }],
    ['a.b[]=1&a.b[]=2', { a: { b: ['1', '2'] } }],
    ['a[].b=1&a[].c=2', { a: [{ b: '1', c: '2' }] }],
    ['a[1][2]=x', { a: [['x']] }],
    ['a=1&a[]=2', { a: ['1', '2'] }],
    ['a=', { a: '' }],
    ['a', { a: true }],
    ['a.b=1&a=2', { a: { b: '1', '1': '2' } }],
    ['.a=1', { '.a': '1' }],
    ['a.=1', { 'a.': '1' }],
    ['a[x]=1', { 'a[x]': '1' }],
    ['[1]=x', { '[1]': 'x' }],
    ['a%5B1%5D=x+y%20z', { a: ['x y z'] }],
    ['', {}],
    ['&&=&', {}],
  ])('%s describe %j', (text, tree) => {
    expect(structuredClone(treeOf(text))).toEqual(tree)
  })

  it('cannot reach a prototype', () => {
    const tree = treeOf('__proto__.polluted=1&constructor.prototype.polluted=1&a.__proto__.x=1')
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    expect(JSON.stringify(tree)).toBe(
      '{"__proto__":{"polluted":"1"},"constructor":{"prototype":{"polluted":"1"}},"a":{"__proto__":{"x":"1"}}}',
    )
  })

  it('are taken literally when they go too deep or are too long', () => {
    for (const times of [20, 1_000_000]) {
      for (const name of [
        `${'a.'.repeat(times)}a`,
        `a${'[1]'.repeat(times)}`,
        `${'a'.repeat(999)}[1]`,
      ]) {
        expect(treeOf(`${name}=1`)).toEqual({ [name]: '1' })
      }
    }
  })

  it('are read up to the hundredth', () => {
    const text = Array.from({ length: 150 }, (_, index) => `a${index}=x`).join('&')
    expect(parsePairs(text)).toHaveLength(100)
  })

  it('may contain broken escapes and bytes that are not UTF-8', () => {
    expect(parsePairs('a%=%zz&b=%ff&c=%c3%a9')).toEqual([
      { name: 'a%', value: '%zz' },
      { name: 'b', value: '\ufffd' },
      { name: 'c', value: 'é' },
    ])
  })
})
