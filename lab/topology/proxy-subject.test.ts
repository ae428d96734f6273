import { describe, expect, it } from 'vitest'
import { chooseProxy, renderProxy } from './proxy-subject.ts'

describe('which Kong a lab is about', () => {
  it('is what its opener names, else MESHYARD_PROXY, else the own one', () => {
    expect(chooseProxy(undefined, {})).toEqual({ kind: 'core' })
    const environment = { MESHYARD_PROXY: 'image:kong:1.1.3' }
    expect(chooseProxy(undefined, environment)).toEqual({ kind: 'image', image: 'kong:1.1.3' })
    expect(chooseProxy('core', environment)).toEqual({ kind: 'core' })
    expect(chooseProxy('command:/opt/kong', environment)).toEqual({
      kind: 'command',
      program: '/opt/kong',
    })
  })

  it.each(['core', 'command:/opt/kong', 'image:kong:1.1.3'])('is written as read: %s', (text) => {
    expect(renderProxy(chooseProxy(text, {}))).toBe(text)
  })

  it('is refused where it is none', () => {
    expect(() => chooseProxy('nginx', {})).toThrow('"nginx" is no proxy: use core, command:')
    expect(() => chooseProxy(undefined, { MESHYARD_PROXY: 'image:' })).toThrow(
      '"image:" in MESHYARD_PROXY is no proxy',
    )
  })
})
