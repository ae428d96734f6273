import { describe, expect, it } from 'vitest'
import { parseIncrements } from './parse-increments.ts'

const names = new Set(['video', 'image'])

describe('parseIncrements', () => {
  it.each([
    [['video=2, image=1'], { video: 2, image: 1 }],
    [['video=2', ' image = 1 '], { video: 2, image: 1 }],
    [['video=1,video=5'], { video: 5 }],
    [['audio=1, video=x, image'], {}],
    [['video=1=2, image='], {}],
    [['video=0.5'], { video: 0.5 }],
    [[], {}],
  ])('reads %j as %j', (fields, increments) => {
    expect(Object.fromEntries(parseIncrements(fields, names))).toEqual(increments)
  })
})
