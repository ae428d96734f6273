import { once } from 'node:events'
import { appendFileSync, chmodSync, watch, writeFileSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

it('looks for what is written, and not for notices that nothing was', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'watch-'))
  const file = join(folder.path, 'log')
  writeFileSync(file, 'one')
  let looks = 0
  using _watch = watchLog(file, {
    pollMs: 600_000,
    look: async () => {
      looks += 1
      return false
    },
  })
  // Its own last look comes late enough to have seen all that was written.
  const settle = async (): Promise<number> => {
    const before = looks
    appendFileSync(file, 'more')
    await expect.poll(() => looks - before).toBeGreaterThanOrEqual(5)
    return looks
  }
  const settled = await settle()
  const notices = watch(file)
  for (let at = 0; at < 20; at += 1) {
    const noticed = once(notices, 'change')
    chmodSync(file, at % 2 === 0 ? 0o600 : 0o644)
    await noticed
  }
  expect(looks).toBe(settled)
  notices.close()
  expect(await settle()).toBeGreaterThan(settled)
})
