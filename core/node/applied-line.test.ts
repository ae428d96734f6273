import { describe, expect, it } from 'vitest'
import { parseApplied, renderApplied } from './applied-line.ts'

describe('parseApplied', () => {
  it('finds in an error log what renderApplied wrote', () => {
    const applied = { version: '2.17', services: 4, routes: 5, listeners: 6 }
    const line = `2026/11/21 10:00:00 [notice] 7#0: ${renderApplied(applied)}`
    expect(parseApplied(line)).toEqual(applied)
  })

  it('finds nothing in other lines', () => {
    expect(parseApplied('2026/11/21 10:00:00 [notice] 7#0: configuration applied')).toBeUndefined()
  })
})
