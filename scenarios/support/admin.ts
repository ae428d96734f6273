import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from './eventually.ts'
import type { Yard } from './stage.ts'
import type { NodeAnswer } from './yard-node.ts'

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
  /** Of the configuration with all changes so far: each makes another one. */
  let version = Math.max(...(await versions()))
  /** Logs of other proxies than the product's own do not. */
  const logsTell = version > 0
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
    undo.set(place, () => expectSent('DELETE', place))
    return place
  }
  const applied = async (): Promise<void> => {
    if (!logsTell) {
      // They ask their store for changes once in a second, and nothing tells when they have.
      await delay(untoldMs)
      return
    }
    await eventually('the nodes did not take over all changes', async () => {
      return (await versions()).every((each) => each >= version)
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

const untoldMs = 2_500

/** The id in the path of an entity. */
export function idOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function ask(
  yard: Yard,
  {
    method,
    path,
    body,
  }: { readonly method: string; readonly path: string; readonly body?: Body | undefined },
): Promise<NodeAnswer> {
  return yard.node('control-plane').fetch(`http://127.0.0.1:8001${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
}

/** How many changes made the configuration that a node goes by. */
async function appliedVersion(yard: Yard, node: string): Promise<number> {
  const logs = await yard.lab.logs(node)
  const text = logs.find(({ name }) => name === 'error.log')?.text ?? ''
  return Number([...text.matchAll(/configuration \d+\.(\d+) applied/g)].at(-1)?.[1] ?? 0)
}
