import { closeSync, writeSync } from 'node:fs'
import { MeshError, messageOf } from '#core/base/errors.ts'
import { prefixPaths } from '#core/kong/prefix.ts'
import { importDirectly } from '#core/node/direct-imports.ts'
import { renderVerdict, verdictFd, type Verdict } from './verdict.ts'

function tell(verdict: Verdict): void {
  try {
    writeSync(verdictFd, renderVerdict(verdict))
    closeSync(verdictFd)
  } catch (error) {
    // Nobody would know that the node runs.
    const message = 'the command that started this node ended before the node was ready'
    throw new MeshError('orphaned', message, { cause: error })
  }
}

importDirectly()
const [{ loadKongEnv }, { runKong }] = await Promise.all([
  import('#core/kong/config/load-config.ts'),
  import('#core/node/run-kong.ts'),
])
const [prefix = ''] = process.argv.slice(2)
let told = false
try {
  await runKong(loadKongEnv(prefixPaths(prefix).kongEnv), () => {
    tell({ ready: true })
    told = true
  })
} catch (error) {
  if (told) throw error
  process.exitCode = 1
  tell({ ready: false, reason: messageOf(error) })
}
