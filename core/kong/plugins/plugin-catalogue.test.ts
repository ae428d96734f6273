import { mkdtempDisposable, writeFile, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openPluginCatalogue } from './plugin-catalogue.ts'

const source = (name: string, priority = 1): string =>
  `export default { name: '${name}', priority: ${priority}, config: { fields: {} } }`

describe(openPluginCatalogue, () => {
  it('reads the code of a bundled plugin when it is asked for, not before', async () => {
    const catalogue = await openPluginCatalogue(['bundled'])
    expect(catalogue.loaded).toEqual([])
    expect(await catalogue.load(['key-auth', 'no-such-plugin'])).toBe(true)
    expect(catalogue.loaded.map(({ name }) => name)).toEqual(['key-auth'])
    expect(await catalogue.load(['key-auth'])).toBe(false)
  })

  it('has 23 bundled plugins, by descending priority', async () => {
    const all = await (await openPluginCatalogue(['bundled'])).loadAll()
    expect(all).toHaveLength(23)
    const priorities = all.map(({ priority }) => priority)
    expect(priorities).toEqual(priorities.toSorted((a, b) => b - a))
  })

  it('case 68: loads what is listed and nothing else', async () => {
    const catalogue = await openPluginCatalogue(['cors', 'acl'])
    expect((await catalogue.loadAll()).map(({ name }) => name)).toEqual(['cors', 'acl'])
    expect(await (await openPluginCatalogue([])).loadAll()).toEqual([])
  })

  it('loads a file, and loads it anew when it has changed', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'plugins-'))
    const file = join(folder.path, 'mine.ts')
    await writeFile(file, source('mine', 1))
    expect((await openPluginCatalogue([file])).loaded).toMatchObject([
      { name: 'mine', priority: 1 },
    ])
    await writeFile(file, source('mine', 2))
    await utimes(file, new Date(0), new Date(0))
    expect((await openPluginCatalogue([file])).loaded).toMatchObject([
      { name: 'mine', priority: 2 },
    ])
  })

  it('names every plugin that cannot be loaded, and why', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'plugins-'))
    const write = async (name: string, text: string): Promise<string> => {
      const file = join(folder.path, name)
      await writeFile(file, text)
      return file
    }
    const files = [
      await write('syntax.ts', 'export default {'),
      await write('empty.ts', 'export {}'),
      await write('shape.ts', "export default { name: 'No Name', priority: '1', config: {} }"),
      await write('double.ts', source('key-auth')),
      join(folder.path, 'missing.ts'),
    ]
    const error = await openPluginCatalogue(['key-auth', 'nobody', ...files]).catch(String)
    expect(error).toContain("plugin 'nobody' is not one of the bundled ones (acl, basic-auth")
    expect(error).toMatch(/syntax\.ts' cannot be loaded: .+/)
    expect(error).toContain("empty.ts': it has no default export")
    expect(error).toMatch(
      /shape\.ts': 'name': must be of lower-case.+'priority': .+'config\.fields': /,
    )
    expect(error).toContain("two plugins called 'key-auth'")
    expect(error).toContain("missing.ts': there is no such file")
  })
})
