import type { Socket } from 'node:net'
import { MeshError } from '#core/base/errors.ts'
import { systemErrorOf } from '#core/base/system-error.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { Listener } from '#core/model/snapshot.ts'
import { explainListenFault, type ListenFault } from './listen-fault.ts'
import { openListeningSocket, type ListenAt, type ListeningSocket } from './listening-socket.ts'

/** A bound port and the configuration in force for it. */
export interface RunningListener {
  /** Unique among listeners; names it in a passage. */
  readonly key: string
  /** Replaced when a new snapshot keeps the port. */
  config: Listener
  /** Whether the latest snapshot has no such listener any more. */
  retired: boolean
}

interface Entry {
  readonly listener: RunningListener
  socket: ListeningSocket
}

export type OnAccepted = (socket: Socket, listener: RunningListener) => void

/** The bound ports of a data plane. */
export class ListenerSet {
  readonly #onAccepted: OnAccepted
  #entries = new Map<string, Entry>()
  #listening: readonly SocketAddress[] = []

  constructor(onAccepted: OnAccepted) {
    this.#onAccepted = onAccepted
  }

  /** In the order of the latest configuration. */
  get listening(): readonly SocketAddress[] {
    return this.#listening
  }

  /**
   * Brings the bound ports in line with `configs`: all or nothing. Ports that stay are never closed.
   * @throws MeshError `listen-failed` with a sentence for each address.
   */
  async apply(configs: readonly Listener[]): Promise<void> {
    const wanted = new Map<string, Listener>()
    const twice: ListenFault[] = []
    for (const config of configs) {
      const key = keyOf(config)
      if (wanted.has(key)) twice.push({ at: config, error: new Error('it is listed twice') })
      wanted.set(key, config)
    }
    if (twice.length > 0) throw listenFailed(twice)

    const retiring = [...this.#entries]
      .filter(([key]) => !wanted.has(key))
      .map(([, entry]) => entry)
    const missing = [...wanted].filter(([key]) => !this.#entries.has(key))
    const opened = await this.#openAll(missing, retiring)

    const next = new Map<string, Entry>()
    for (const [key, config] of wanted) {
      const entry = this.#entries.get(key) ?? opened.get(key)!
      entry.listener.config = config
      next.set(key, entry)
    }
    this.#entries = next
    this.#listening = [...next.values()].map(({ socket }) => socket.bound)
    for (const { listener } of retiring) listener.retired = true
    await closeAll(retiring)
  }

  async #openAll(
    missing: readonly (readonly [key: string, config: Listener])[],
    retiring: readonly Entry[],
  ): Promise<ReadonlyMap<string, Entry>> {
    const opened = new Map<string, Entry>()
    const faults: ListenFault[] = []
    const open = async ([key, config]: readonly [string, Listener]): Promise<void> => {
      try {
        const listener: RunningListener = { key, config, retired: false }
        opened.set(key, { listener, socket: await this.#open(config, listener) })
      } catch (error) {
        faults.push({ at: config, error })
      }
    }
    await Promise.all(missing.map(open))

    // A port may be taken only by a listener of ours that is about to go, such as its twin that is not transparent.
    const inTheWay = retiring.filter(({ socket }) =>
      faults.some(({ at, error }) => isInUse(error) && at.port === socket.bound.port),
    )
    if (inTheWay.length > 0) {
      await closeAll(inTheWay)
      faults.length = 0
      await Promise.all(missing.filter(([key]) => !opened.has(key)).map(open))
    }
    if (faults.length === 0) return opened

    await closeAll([...opened.values()])
    for (const entry of inTheWay) {
      // oxlint-disable-next-line no-await-in-loop -- rarely more than one
      entry.socket = await this.#open({ ...entry.socket.at, ...entry.socket.bound }, entry.listener)
    }
    throw listenFailed(faults)
  }

  #open(at: ListenAt, listener: RunningListener): Promise<ListeningSocket> {
    return openListeningSocket(at, (socket) => this.#onAccepted(socket, listener))
  }

  /** Closes all ports; connections live on. */
  async close(): Promise<void> {
    const entries = [...this.#entries.values()]
    this.#entries = new Map()
    this.#listening = []
    await closeAll(entries)
  }
}

function keyOf({ address, port, transparent }: ListenAt): string {
  return `${transparent ? 'transparent ' : ''}${address} ${port}`
}

async function closeAll(entries: readonly Entry[]): Promise<void> {
  await Promise.all(entries.map(({ socket }) => socket[Symbol.asyncDispose]()))
}

function isInUse(error: unknown): boolean {
  return systemErrorOf(error)?.code === 'EADDRINUSE'
}

function listenFailed(faults: readonly ListenFault[]): MeshError {
  return new MeshError('listen-failed', faults.map(explainListenFault).join('\n'), {
    cause: faults[0]?.error,
  })
}
