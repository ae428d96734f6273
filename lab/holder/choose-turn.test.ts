import { describe, expect, it } from 'vitest'
import { chooseCue, chooseTurn } from './choose-turn.ts'

const service = { kong: undefined }
const proxy = { kong: { prefix: 'kong-a', proxies: true } }
const controlPlane = { kong: { prefix: 'kong-c', proxies: false } }

describe(chooseTurn, () => {
  it.each([
    ['a control plane', controlPlane],
    ['what a control plane needs', { ...service, early: true }],
    ['a proxy that is told the configuration', { kong: { ...proxy.kong, asked: true } }],
  ])('lets %s start before all others', (_, plan) => {
    expect(chooseTurn(plan)).toBe('first')
  })

  it('tells services from proxies', () => {
    expect([service, proxy].map(chooseTurn)).toStrictEqual(['service', 'proxy'])
  })
})

describe(chooseCue, () => {
  it('lets proxies that all start together start while they are told', () => {
    expect(chooseCue([proxy, proxy], { atATime: 2 })).toBe('listens')
  })

  it('lets more of them find everything told', () => {
    expect(chooseCue([proxy, proxy, proxy], { atATime: 2 })).toBe('is-told')
  })

  it('lets one that does not tell what it knows find everything told', () => {
    const silent = { kong: { ...proxy.kong, silent: true } }
    expect(chooseCue([proxy, silent], { atATime: 2 })).toBe('is-told')
  })
})
