import { globSync, readFileSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { planLab, type PlanOptions } from '#lab/topology/plan.ts'
import { sidecars } from '#lab/topology/sidecars.ts'
import { prepareNodes } from './prepare-nodes.ts'

/** The certificates that the nodes of `sidecars` find in a run folder. */
async function certificatesOf(options: Partial<PlanOptions>): Promise<Record<string, string>> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'prepare-'))
  await prepareNodes(
    planLab(sidecars, {
      name: 'x',
      folder: folder.path,
      root: '/product',
      node: '/node',
      bare: false,
      ...options,
    }),
  )
  return Object.fromEntries(
    globSync('**/*.crt', { cwd: folder.path })
      .toSorted()
      .map((path) => [path, readFileSync(join(folder.path, path), 'utf8')]),
  )
}

describe(prepareNodes, () => {
  it('gives one certificate to all nodes of a lab, and another one to those of the next', async () => {
    const certificates = await certificatesOf({})
    expect(Object.keys(certificates)).toStrictEqual([
      'kong-a/ssl/kong-default.crt',
      'kong-b/ssl/kong-default.crt',
      'kong-c/ssl/admin-kong-default.crt',
    ])
    const [first] = Object.values(certificates)
    expect(new Set(Object.values(certificates))).toStrictEqual(new Set([first]))
    expect(Object.values(await certificatesOf({}))).not.toContain(first)
  })

  it.for([
    ['proxies of another make', { proxy: { kind: 'command', program: '/opt/kong' } }],
    ['a lab without processes', { bare: true }],
  ] as const)('leaves %s alone', async ([, options]) => {
    expect(await certificatesOf(options)).toStrictEqual({})
  })
})
