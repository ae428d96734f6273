import type { KongPlugin } from '#core/kong/plugins/plugin.ts'

interface Settings {
  readonly name: string
}

/** Tells in a response header which phases it was asked in. */
const plugin: KongPlugin<Settings> = {
  name: 'header-by-phase',
  priority: 500,
  config: { fields: { name: { type: 'string', default: 'x-phases', required: true } } },
  openHttp: ({ name }) => {
    const phases = Symbol('phases')
    return {
      rewrite: ({ notes }) => void notes.set(phases, ['rewrite']),
      access: ({ notes }) => {
        const before = notes.get(phases)
        notes.set(phases, [...(Array.isArray(before) ? before : []), 'access'])
      },
      responseHead: ({ notes, response }) => {
        const before = notes.get(phases)
        response?.headers.set(name, [...(Array.isArray(before) ? before : []), 'head'].join(' '))
      },
    }
  },
}

export default plugin
