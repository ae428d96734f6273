import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { describeFault, LabError } from './lab-error.ts'

function thrownBy(action: () => void): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

it('tells what a person can put right in a sentence, and faults of ours with where they are', () => {
  expect(describeFault(new LabError('Say which.'))).toBe('Say which.')
  const full = thrownBy(() => {
    writeFileSync('/dev/full', 'more')
  })
  expect(describeFault(full)).toBe(
    'There is no room left on the disk (ENOSPC: no space left on device, write): make some, or set MESHYARD_HOME to a folder with room.',
  )
  const absent = thrownBy(() => {
    writeFileSync('/no/such/folder/file', 'more')
  })
  expect(describeFault(absent)).toMatch(/^Error: ENOENT.*\n +at /)
})
