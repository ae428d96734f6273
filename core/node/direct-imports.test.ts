import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ownModule } from './direct-imports.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const here = import.meta.url

describe(ownModule, () => {
  it('finds what the runtime finds, in every file of the product', () => {
    const found = globSync('{core,lab,netns}/**/*.ts', { cwd: root }).flatMap((path) => {
      const parent = pathToFileURL(join(root, path)).href
      const text = readFileSync(join(root, path), 'utf8')
      return [...text.matchAll(/(?:from|import\() ?'([#.][^']+)'/g)].flatMap(
        ([, specifier = '']) => {
          const url = ownModule(specifier, parent)
          return url === undefined ? [] : [{ specifier, url, parent }]
        },
      )
    })
    expect(found.length).toBeGreaterThan(1000)
    for (const { specifier, url, parent } of found) {
      expect(url, `${specifier} in ${parent}`).toBe(resolved(specifier, parent))
    }
  })

  it.for([
    ['#core/base/errors.ts', undefined],
    ['#core/base/errors.ts', new URL('../../node_modules/x/index.js', here).href],
    ['#core/base/errors.ts', 'file:///elsewhere/plugin.ts'],
    ['./errors.ts', 'file:///elsewhere/plugin.ts'],
    ['./errors.js', here],
    ['./errors.ts?again', here],
    ['zod', here],
    ['node:fs', here],
  ] as const)('leaves %s in %s to the runtime', ([specifier, parent]) => {
    expect(ownModule(specifier, parent)).toBeUndefined()
  })
})

function resolved(specifier: string, parent: string): string {
  return pathToFileURL(createRequire(parent).resolve(specifier)).href
}
