import { expect, it } from 'vitest'
import { watchLog } from './sqlite-watch.ts'

it('looks by itself, often, where changes of the file cannot be noticed', async () => {
  let looks = 0
  const enough = Promise.withResolvers<void>()
  using _watch = watchLog('/nonexistent/file', {
    pollMs: 600_000,
    look: async () => {
      looks += 1
      if (looks === 3) enough.resolve()
      return true
    },
  })
  await enough.promise
  expect(looks).toBe(3)
})

it('looks at least every `pollMs`', async () => {
  const looked = Promise.withResolvers<void>()
  using _watch = watchLog(import.meta.filename, {
    pollMs: 5,
    look: async () => {
      looked.resolve()
      return true
    },
  })
  await looked.promise
})
