import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openSqliteStore } from './sqlite-store.ts'
import { describeProcesses } from './store-process-suite.ts'

describeProcesses(async () => {
  const folder = await mkdtempDisposable(join(tmpdir(), 'meshyard-store-'))
  onTestFinished(() => folder.remove())
  const file = join(folder.path, 'kong.sqlite')
  return {
    open: () => openSqliteStore(file),
    program: {
      imports: `import { openSqliteStore } from '#core/store/sqlite-store.ts'`,
      open: `await openSqliteStore(${JSON.stringify(file)})`,
    },
  }
})
