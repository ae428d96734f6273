import { describe, expect, it } from 'vitest'
import { readOffer } from './read-offer.ts'

describe('readOffer', () => {
  it.each([
    ['h2 http/1.1', 'h2', ''],
    ['http/1.1 h2', 'http/1.1', ''],
    ['mesh http/1.1', 'http/1.1', 'mesh'],
    ['http/1.1 mesh', 'http/1.1', ''],
    ['old new h2 mesh', 'h2', 'old new'],
    ['mesh spdy/3', undefined, 'mesh spdy/3'],
    ['', undefined, ''],
  ])('goes through "%s" up to %s', (offered, chosen, before) => {
    const words = (list: string): string[] => list.split(' ').filter((word) => word !== '')
    expect(readOffer(words(offered), ['h2', 'http/1.1'])).toEqual({ chosen, before: words(before) })
  })
})
