import { stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { MeshError, messageOf } from '#core/base/errors.ts'
import { bundledPlugins } from './bundled-plugins.ts'
import type { KongPlugin } from './plugin.ts'

/** The plugins that `plugins` of kong.conf names. The code of a bundled one is read when it is asked for. */
export interface PluginCatalogue {
  /** Equal for catalogues of the same plugins. */
  readonly key: string
  /** Those whose code is there, by descending priority. */
  readonly loaded: readonly KongPlugin[]
  /** Loads those of the names that the catalogue has; returns whether any came in. */
  load(names: Iterable<string>): Promise<boolean>
  loadAll(): Promise<readonly KongPlugin[]>
}

/**
 * Opens a catalogue of `bundled`, names of bundled plugins, and absolute paths of files that export a plugin as
 * `default`. Files are read here, anew when they have changed.
 * @throws MeshError `bad-plugin` naming every plugin that is not there, or is none, and why.
 */
export async function openPluginCatalogue(names: readonly string[]): Promise<PluginCatalogue> {
  const own = await Promise.allSettled(names.filter(isPath).map(loadFile))
  const faults = own.flatMap((outcome) =>
    outcome.status === 'rejected' ? [messageOf(outcome.reason)] : [],
  )
  const known = new Map<string, () => Promise<KongPlugin>>()
  for (const name of names.filter((entry) => !isPath(entry))) {
    const load = bundledPlugins.get(name)
    if (name === 'bundled') for (const entry of bundledPlugins) known.set(...entry)
    else if (load === undefined) faults.push(unknownPlugin(name))
    else known.set(name, load)
  }
  const loaded = new Map<string, KongPlugin>()
  for (const outcome of own) {
    if (outcome.status === 'rejected') continue
    const { plugin } = outcome.value
    if (known.has(plugin.name) || loaded.has(plugin.name)) {
      faults.push(
        `there are two plugins called '${plugin.name}'; rename yours, or leave out the other`,
      )
    }
    loaded.set(plugin.name, plugin)
  }
  if (faults.length > 0) throw new MeshError('bad-plugin', faults.join('\n'))
  return new Catalogue(JSON.stringify([names, own.map(changeOf)]), known, loaded)
}

class Catalogue implements PluginCatalogue {
  readonly key: string
  readonly #known: ReadonlyMap<string, () => Promise<KongPlugin>>
  readonly #loaded: Map<string, KongPlugin>

  constructor(
    key: string,
    known: ReadonlyMap<string, () => Promise<KongPlugin>>,
    loaded: Map<string, KongPlugin>,
  ) {
    this.key = key
    this.#known = known
    this.#loaded = loaded
  }

  get loaded(): readonly KongPlugin[] {
    return [...this.#loaded.values()].toSorted(
      (a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1),
    )
  }

  async load(names: Iterable<string>): Promise<boolean> {
    const missing = [...new Set(names)].filter(
      (name) => this.#known.has(name) && !this.#loaded.has(name),
    )
    await Promise.all(
      missing.map(async (name) => {
        const plugin = await this.#known.get(name)?.()
        if (plugin !== undefined) this.#loaded.set(name, plugin)
      }),
    )
    return missing.length > 0
  }

  async loadAll(): Promise<readonly KongPlugin[]> {
    await this.load(this.#known.keys())
    return this.loaded
  }
}

interface FilePlugin {
  readonly plugin: KongPlugin
  readonly mtimeMs: number
}

async function loadFile(file: string): Promise<FilePlugin> {
  const { mtimeMs } = await stat(file).catch(() => {
    throw new Error(`plugin '${file}': there is no such file`)
  })
  let exported: unknown
  try {
    const module: Readonly<Record<string, unknown>> = await import(
      `${pathToFileURL(file).href}?changed=${mtimeMs}`
    )
    exported = module['default']
  } catch (error) {
    throw new Error(`plugin '${file}' cannot be loaded: ${messageOf(error)}`, { cause: error })
  }
  const { pluginFaults } = await import('./plugin-faults.ts')
  const faults = pluginFaults(exported)
  if (faults.length > 0) throw new Error(`plugin '${file}': ${faults.join('; ')}`)
  // oxlint-disable-next-line no-unsafe-type-assertion -- a plugin without faults
  return { plugin: exported as KongPlugin, mtimeMs }
}

function changeOf(outcome: PromiseSettledResult<FilePlugin>): number {
  return outcome.status === 'fulfilled' ? outcome.value.mtimeMs : 0
}

function unknownPlugin(name: string): string {
  return (
    `${name} plugin is enabled but not installed; plugin '${name}' is not one of the bundled ones (${[...bundledPlugins.keys()].join(', ')}); ` +
    `name the file of your own plugin by its path, such as ./${name}.ts`
  )
}

function isPath(name: string): boolean {
  return name.startsWith('/')
}
