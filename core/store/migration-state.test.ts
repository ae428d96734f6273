import { describe, expect, it } from 'vitest'
import { chooseState, listMigrations, requireUsable } from './migration-state.ts'

const known = ['000_a', '001_b', '002_c'].map((name) => ({ name, up: '' }))
const state = (executed: Readonly<Record<string, boolean>>): string => {
  const rows = Object.entries(executed).map(([name, finished]) => ({ name, finished }))
  return chooseState(listMigrations(known, rows, 'kong at here'))
}

describe('the state of a database', () => {
  it('follows from what it remembers', () => {
    expect(state({})).toBe('needs-bootstrap')
    expect(state({ '000_a': true })).toBe('new')
    expect(state({ '000_a': true, '001_b': false })).toBe('pending')
    expect(state({ '000_a': true, '001_b': false, '002_c': true })).toBe('pending')
    expect(state({ '000_a': true, '001_b': true, '002_c': true })).toBe('current')
  })

  it('is refused when a newer version has migrated it', () => {
    expect(() => state({ '000_a': true, '003_d': true })).toThrow(
      'Cannot use kong at here: a newer version has migrated it (003_d); use that version',
    )
  })

  it('lets nodes start unless something that they need is missing', () => {
    const names = { executed: ['000_a'], pending: ['001_b'], new: [] }
    expect(() => requireUsable(names)).not.toThrow()
    expect(() => requireUsable({ ...names, new: ['002_c'] })).toThrow("run 'kong migrations up'")
    expect(() => requireUsable({ executed: [], pending: [], new: ['000_a'] })).toThrow(
      "database needs bootstrapping; run 'kong migrations bootstrap'",
    )
  })
})
