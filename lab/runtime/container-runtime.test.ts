import { describe, expect, it } from 'vitest'
import { openContainerRuntime } from './container-runtime.ts'
import { connectEngine } from './containers/engine.ts'
import { provideImage } from './containers/provide-image.ts'
import { runtimeSuite } from './runtime-suite.ts'

describe('a lab on containers', () => {
  runtimeSuite('containers', openContainerRuntime)
})

describe('a lab on containers of an image that has programs of its own', () => {
  runtimeSuite('containers', (plan) => openContainerRuntime({ ...plan, image: 'host-copy' }))
})

describe('an image that the engine has not', () => {
  it('is named, and not pulled when nobody said where from', async () => {
    const engine = await connectEngine()
    await expect(provideImage(engine, 'meshyard-none:1')).rejects.toThrow(
      /^The container engine has no image "meshyard-none:1"; .*never pulled/,
    )
  })

  it('is asked for at the registry that is named, and what that says is told', async () => {
    const engine = await connectEngine()
    const image = '127.0.0.1:9/meshyard-none:1'
    await expect(provideImage(engine, image)).rejects.toThrow(
      /^Cannot pull the image 127\.0\.0\.1:9\/meshyard-none:1: .*connection refused/s,
    )
  })
})
