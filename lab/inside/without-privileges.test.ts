import { execFile } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { whyClosedToOthers } from '#lab/rootless/project-of-nobody.ts'
import { projectRoot } from '#lab/run/home.ts'

/** Who may make namespaces of their own, and nothing else. */
const nobody = { uid: 65_534, gid: 65_534 } as const

const program = `
import { openLab } from ${JSON.stringify(join(projectRoot, 'lab/lab.ts'))}
await using lab = await openLab('sidecars')
await using node = lab.node('service-a')
const response = await node.fetch('https://10.2.0.6:18443/', { tls: { insecure: true } })
const { source } = await response.json()
console.log(JSON.stringify({ uid: process.getuid(), status: response.status, source }))
`

it(
  "sockets in an ordinary user's lab take nothing but to be that user",
  { timeout: 180_000 },
  async ({ skip }) => {
    const closed = whyClosedToOthers()
    if (process.getuid?.() === 0 && closed !== undefined) skip(closed)
    const home = mkdtempSync(join(tmpdir(), 'meshyard-'))
    try {
      const isRoot = process.getuid?.() === 0
      if (isRoot) chownSync(home, nobody.uid, nobody.gid)
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--input-type=module', '--eval', program],
        {
          cwd: home,
          env: { PATH: process.env['PATH'], HOME: home, MESHYARD_HOME: join(home, 'labs') },
          ...(isRoot && nobody),
        },
      )
      expect(JSON.parse(stdout)).toEqual({
        uid: isRoot ? nobody.uid : process.getuid?.(),
        status: 200,
        source: expect.stringMatching(/^10\.2\.0\.4:\d+$/),
      })
    } finally {
      rmSync(home, { recursive: true })
    }
  },
)
