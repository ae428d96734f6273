import { describe, expect, it } from 'vitest'
import { wireText } from './wire-text.ts'

describe('wireText', () => {
  it.each([
    ['plain', 'plain'],
    [Buffer.from('é 🙂').toString('latin1'), 'é 🙂'],
    ['\xe9', '\xe9'],
    ['€', '€'],
  ])('reads %j as %j', (bytes, text) => {
    expect(wireText(bytes)).toBe(text)
  })
})
