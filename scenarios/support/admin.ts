import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeHearingProbe, plainListener } from '#lab/state/hearing-probe.ts'
import type { Endpoint, NodeSpec } from '#lab/topology/topology.ts'
import { eventually } from './eventually.ts'
import type { Yard } from './stage.ts'
import type { NodeAnswer, YardFetchInit } from './yard-node.ts'

type Body = Readonly<Record<string, unknown>>

/** Configures the nodes of a lab through the Admin API. Disposing it takes everything back, the last first. */
export interface Admin extends AsyncDisposable {
  /** Adds an entity and returns where it is: its path, with its id. */
  add(path: string, body: Body): Promise<string>
  /** The status of the answer to a request to add an entity; one that is accepted is there until the end, too. */
  tryToAdd(path: string, body: Body): Promise<number>
  /** Changes an entity; `back` is what it was. */
  change(path: string, options: { readonly to: Body; readonly back: Body }): Promise<void>
  /** Removes what was added, by its path. */
  remove(path: string): Promise<void>
  /** Waits until all nodes go by all changes. */
  applied(): Promise<void>
}

export async function openAdmin(yard: Yard): Promise<Admin> {
  const nodes = yard.lab.topology.nodes.filter(({ processes }) =>
    processes.some(({ kind }) => kind === 'kong'),
  )
  const versions = (): Promise<readonly number[]> =>
    Promise.all(nodes.map(({ name }) => appliedVersion(yard, name)))
  /** Of the configuration with all changes so far: each makes another one, and so may what a node stores by itself. */
  let version = Math.max(...(await versions()))
  /** Logs of other proxies than the product's own do not. */
  const logsTell = version > 0
  /** Of what was added. */
  const places = new Set<string>()
  /** How to take back what was done at a path. */
  const undo = new Map<string, () => Promise<unknown>>()

  const send = async (method: string, path: string, body?: Body): Promise<NodeAnswer> => {
    const answer = await ask(yard, { method, path, body })
    if (answer.status < 300) version += 1
    return answer
  }
  const expectSent = async (...request: Parameters<typeof send>): Promise<string> => {
    const { status, text } = await send(...request)
    if (status < 300) return text
    throw new Error(`${request[0]} ${request[1]} was answered ${status} ${text}`)
  }
  const added = (path: string, text: string): string => {
    const { id }: { readonly id?: unknown } = JSON.parse(text)
    // Routes and plugins may be added below what they are bound to, but are not there.
    const own = /\/(?:routes|plugins)$/.exec(path)?.[0] ?? path
    const place = `${own}/${String(id)}`
    const [, above = '', kind] = /^(.+)\/([^/]+)$/.exec(path) ?? []
    // What was added to something that is taken back goes with it; only routes hold their service.
    const goesAlong = places.has(above) && kind !== 'routes'
    if (!goesAlong) undo.set(place, () => expectSent('DELETE', place))
    places.add(place)
    return place
  }
  const applied = async (): Promise<void> => {
    if (!logsTell) {
      await heardByAnswers(yard, nodes)
      return
    }
    const wanted = storedVersion(yard) ?? version
    await eventually('the nodes did not take over all changes', async () => {
      return (await versions()).every((each) => each >= wanted)
    })
  }
  return {
    add: async (path, body) => added(path, await expectSent('POST', path, body)),
    tryToAdd: async (path, body) => {
      const { status, text } = await send('POST', path, body)
      if (status === 201) added(path, text)
      return status
    },
    change: async (path, { to, back }) => {
      await expectSent('PATCH', path, to)
      undo.set(path, () => expectSent('PATCH', path, back))
    },
    remove: async (path) => {
      undo.delete(path)
      places.delete(path)
      await expectSent('DELETE', path)
    },
    applied,
    [Symbol.asyncDispose]: async () => {
      // oxlint-disable-next-line no-await-in-loop -- what depends on another goes first
      for (const each of [...undo.values()].toReversed()) await each()
      await applied()
    },
  }
}

/** The id in the path of an entity. */
export function idOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

interface AdminRequest {
  readonly method: string
  readonly path: string
  readonly body?: Body | undefined
}

function ask(yard: Yard, request: AdminRequest): Promise<NodeAnswer> {
  return yard.node('control-plane').fetch(...adminRequest(request))
}

/** As `fetch` takes it. */
function adminRequest({ method, path, body }: AdminRequest): readonly [string, YardFetchInit] {
  const json = body !== undefined && {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
  return [`http://127.0.0.1:8001${path}`, { method, ...json }]
}

/**
 * Waits until the proxies answer by a route that is told last, which they hear of behind all before it. Each is asked at
 * its own door: from its own network, or where that is others', too, from the control plane, who is none of those whose
 * requests are counted.
 */
async function heardByAnswers(yard: Yard, nodes: readonly NodeSpec[]): Promise<void> {
  const probe = makeHearingProbe()
  // Not on record: other proxies are told nothing of the kind.
  await using control = yard.lab.node('control-plane')
  const tell = async (method: string, path: string, body?: Body): Promise<string> => {
    const response = await control.fetch(...adminRequest({ method, path, body }))
    const text = await response.text()
    if (response.ok) return text === '' ? '' : String(JSON.parse(text).id)
    throw new Error(`${method} ${path} was answered ${response.status} ${text}`)
  }
  const { topology } = yard.lab
  const service = await tell('POST', '/services', probe.service)
  const route = await tell('POST', `/services/${service}/routes`, probe.route)
  try {
    await eventually('the proxies did not take over all changes', async () => {
      const heard = await Promise.all(
        nodes.flatMap((node) => {
          const beside = topology.nodes.find(
            ({ kind, namespace }) => kind === 'control-plane' && namespace === node.namespace,
          )
          return doorsOf(node).map(async ({ address, port }) => {
            await using asker = yard.lab.node((beside ?? node).name)
            const host = address.includes(':') ? `[${address}]` : address
            try {
              const response = await asker.fetch(`http://${host}:${port}/`, {
                headers: { host: probe.host },
                signal: AbortSignal.timeout(answersWithinMs),
              })
              await response.text()
              return probe.isHeard(response.status)
            } catch {
              return false
            }
          })
        }),
      )
      return heard.every(Boolean)
    })
  } finally {
    await tell('DELETE', `/routes/${route}`)
    await tell('DELETE', `/services/${service}`)
  }
}

const answersWithinMs = 1_000

/** Where the Kongs of a node take plain HTTP. */
function doorsOf({ processes }: NodeSpec): readonly Endpoint[] {
  return processes.flatMap((process) => {
    const door = process.kind === 'kong' ? plainListener(process.settings) : undefined
    return door === undefined ? [] : [door]
  })
}

/** How many changes there have been, as the store of the nodes counts them; undefined where it is not the lab's own file. */
function storedVersion({ lab }: Yard): number | undefined {
  const file = join(lab.folder, 'kong.sqlite')
  if (!existsSync(file)) return undefined
  using database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  const row = database.prepare('SELECT version FROM content_version').get()
  return row === undefined ? undefined : Number(row['version'])
}

/** How many changes made the configuration that a node goes by. */
async function appliedVersion(yard: Yard, node: string): Promise<number> {
  const logs = await yard.lab.logs(node)
  const text = logs.find(({ name }) => name === 'error.log')?.text ?? ''
  return Number([...text.matchAll(/configuration \d+\.(\d+) applied/g)].at(-1)?.[1] ?? 0)
}
