import { chmodSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openLab } from '#lab/lab.ts'
import { projectRoot } from '#lab/run/home.ts'

// Whoever closes a connection to this node does not see it closed for a while.
const slowToClose = `
import net from 'node:net'
const emit = net.Server.prototype.emit
net.Server.prototype.emit = function (event, ...given) {
  if (event === 'connection') given[0].prependListener('end', () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  })
  return emit.call(this, event, ...given)
}
`

it('a lab that has come up has ended the connections by which Kong was told, be the node ever so slow to close them', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'meshyard-'))
  const [program, preload] = [join(folder.path, 'kong'), join(folder.path, 'slow.mjs')]
  writeFileSync(preload, slowToClose)
  writeFileSync(
    program,
    `#!/bin/sh\nNODE_OPTIONS=--import=${preload} exec ${projectRoot}/core/bin/kong "$@"\n`,
  )
  chmodSync(program, 0o755)

  await using lab = await openLab('sidecars', { proxy: `command:${program}` })
  const { namespaces } = await lab.state()
  const ofAdmin = namespaces['control-plane']?.connections.filter((each) =>
    / port 8001\b/.test(each),
  )
  expect(ofAdmin).toStrictEqual([])
})
