import { describe, expect, it } from 'vitest'
import { chooseBackend } from './choose-backend.ts'

describe(chooseBackend, () => {
  it('follows what is named, then MESHYARD_BACKEND, then takes namespaces', () => {
    expect(chooseBackend('containers', { MESHYARD_BACKEND: 'namespaces' })).toBe('containers')
    expect(chooseBackend(undefined, { MESHYARD_BACKEND: 'containers' })).toBe('containers')
    expect(chooseBackend(undefined, { MESHYARD_BACKEND: '' })).toBe('namespaces')
    expect(chooseBackend(undefined, {})).toBe('namespaces')
  })

  it('names what there is, and the variable where that is at fault', () => {
    expect(() => chooseBackend('vms', {})).toThrow(
      '"vms" is nothing a lab can run on: use namespaces or containers.',
    )
    expect(() => chooseBackend(undefined, { MESHYARD_BACKEND: 'vms' })).toThrow(
      /in MESHYARD_BACKEND/,
    )
  })
})
