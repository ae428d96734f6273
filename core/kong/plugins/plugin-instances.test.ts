import { describe, expect, it } from 'vitest'
import type { Plugin } from '#core/kong/entities/plugin.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import type { NodeHost, PluginHost } from './plugin-host.ts'
import { PluginInstances } from './plugin-instances.ts'
import type { KongPlugin } from './plugin.ts'

describe('PluginInstances', () => {
  it('keeps the filter of an entity that has not changed and opens another for one that has', () => {
    const { plugin, instances } = given()
    const [before] = instances.open([entity('a'), entity('b')], [plugin]).instances
    const after = instances.open([entity('a'), entity('b', { minute: 2 })], [plugin]).instances
    expect(after[0]?.http).toBe(before?.http)
    expect(after[1]?.http).not.toBe(before?.http)
  })

  it('retires what is gone with settle, not before', () => {
    const { plugin, instances, hosts } = given()
    instances.open([entity('a')], [plugin])
    instances.open([], [plugin])
    expect(hosts[0]?.retired.aborted).toBe(false)
    instances.settle()
    expect(hosts[0]?.retired.aborted).toBe(true)
  })

  it('brings back what was about to be retired', () => {
    const { plugin, instances, hosts } = given()
    const [first] = instances.open([entity('a')], [plugin]).instances
    instances.open([], [plugin])
    const [again] = instances.open([entity('a')], [plugin]).instances
    instances.settle()
    expect(again?.http).toBe(first?.http)
    expect(hosts[0]?.retired.aborted).toBe(false)
  })

  it('retires everything when it is disposed of', () => {
    const { plugin, instances, hosts } = given()
    instances.open([entity('a'), entity('b')], [plugin])
    instances[Symbol.dispose]()
    expect(hosts.map(({ retired }) => retired.aborted)).toEqual([true, true])
  })

  it('tells each filter what its entity is bound to', () => {
    const { plugin, instances, hosts } = given()
    instances.open([{ ...entity('a'), route: { id: 'r' } }], [plugin])
    expect(hosts[0]).toMatchObject({
      pluginId: 'a',
      routeId: 'r',
      serviceId: undefined,
      nodeId: 'n',
    })
  })

  it('opens nothing for an entity that is disabled', () => {
    const { plugin, instances } = given()
    expect(instances.open([{ ...entity('a'), enabled: false }], [plugin]).instances).toEqual([])
  })

  it('warns of an entity whose plugin is not loaded or cannot start, and opens the others', () => {
    const { plugin, instances } = given()
    const broken: KongPlugin = {
      ...plugin,
      name: 'broken',
      openHttp: () => {
        throw new Error('no such file')
      },
    }
    const { instances: opened, warnings } = instances.open(
      [{ ...entity('x'), name: 'unknown' }, { ...entity('y'), name: 'broken' }, entity('a')],
      [plugin, broken],
    )
    expect(opened.map((each) => each.entity.id)).toEqual(['a'])
    expect(warnings).toEqual([
      "plugin 'unknown' is configured but not enabled; add it to the 'plugins' configuration property",
      "plugin 'broken' (y) does not run: no such file",
    ])
  })

  function given(): {
    readonly plugin: KongPlugin
    readonly instances: PluginInstances
    readonly hosts: readonly PluginHost[]
  } {
    const hosts: PluginHost[] = []
    const plugin: KongPlugin = {
      name: 'sample',
      priority: 1,
      config: { fields: {} },
      openHttp: (_config, host): HttpFilter => {
        hosts.push(host)
        return {}
      },
    }
    // oxlint-disable-next-line no-unsafe-type-assertion -- nothing else is asked of it here
    const node = { nodeId: 'n' } as NodeHost
    return { plugin, instances: new PluginInstances(node), hosts }
  }
})

function entity(id: string, config: Plugin['config'] = {}): Plugin {
  return {
    id,
    created_at: 0,
    name: 'sample',
    config,
    run_on: 'first',
    protocols: ['http'],
    enabled: true,
    route: null,
    service: null,
    consumer: null,
    tags: null,
  }
}
