import { Readable } from 'node:stream'
import tar from 'tar-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLab } from '#lab/lab.ts'
import { projectRoot } from '#lab/run/home.ts'
import { connectEngine, type Engine } from './containers/engine.ts'
import { provideCopiedImage } from './containers/copied-image.ts'

const timeoutMs = 300_000
/** As the real one is called, and of a name that no registry is asked for. */
const image = 'meshyard-test/kong:1.1.3'

let engine: Engine
beforeAll(async () => {
  engine = await connectEngine()
  await makeImage(engine)
}, timeoutMs)
afterAll(async () => {
  await engine.getImage(image).remove({ force: true })
}, timeoutMs)

/** An image with a kong in it that tells nobody that it was there, which the own one does. */
async function makeImage(of: Engine): Promise<void> {
  const archive = tar.pack()
  const kong = `#!/bin/sh\nKONG_HEADERS=off exec ${projectRoot}/core/bin/kong "$@"\n`
  archive.entry({ name: 'usr/local/bin/kong', mode: 0o755 }, kong)
  archive.finalize()
  const container = await of.createContainer({ Image: await provideCopiedImage(of), Cmd: ['true'] })
  try {
    await container.putArchive(Readable.from(archive, { objectMode: false }), { path: '/' })
    const [repo, tag] = image.split(':')
    await container.commit({ repo, tag })
  } finally {
    await container.remove({ force: true })
  }
}

describe('the Kong of an image', () => {
  it(
    'is what proxies in a lab of containers, with PostgreSQL as its store',
    { timeout: timeoutMs },
    async () => {
      await using lab = await openLab('sidecars', {
        backend: 'containers',
        proxy: `image:${image}`,
        keyLog: true,
      })
      await using client = lab.node('service-a')
      const response = await client.fetch('https://10.2.0.6:18443/', { tls: { insecure: true } })
      expect(response.status).toBe(200)
      expect(response.headers.get('via')).toBeNull()
      expect(await response.json()).toMatchObject({
        headers: { 'x-forwarded-for': '10.1.0.2, 10.0.0.3' },
      })
      const running = await engine.listContainers({ filters: { ancestor: [image] } })
      expect(running).toHaveLength(3)
    },
  )

  it('is refused where the engine does not have it', { timeout: timeoutMs }, async () => {
    const opening = openLab('sidecars', { backend: 'containers', proxy: 'image:nobody-has-it:1' })
    await expect(opening).rejects.toThrow('The container engine has no image "nobody-has-it:1"')
  })
})
