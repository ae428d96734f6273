import { describe } from 'vitest'
import { openNamespaceRuntime } from './namespace-runtime.ts'
import { runtimeSuite } from './runtime-suite.ts'

describe('a lab on namespaces', () => {
  runtimeSuite('namespaces', async (plan) => openNamespaceRuntime(plan, { named: false }))
})
