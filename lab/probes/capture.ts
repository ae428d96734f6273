import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { markerPort } from '#netns/shaping/point-rules.ts'
import { readCaptureFiles } from './capture-files.ts'
import type { Frame } from './pcap.ts'
import { isReadableLinkType } from './tcp-segment.ts'
import { findTcpConnections, type TcpConnection } from './tcp-flows.ts'

export interface CaptureOptions {
  /** Runs a command in the namespace of the interface; what it writes to `file` must be readable here. */
  readonly run: RunCommand
  readonly interface: string
  /** Absolute path of the pcap files to write, `<file>0` and on; notes stand beside them as `<file>.log` and `.pid`. */
  readonly file: string
  /** How much is kept on disk; the oldest file is overwritten. Default: 4 files of 32 MB. */
  readonly keep?: Rotation
  /** Makes a connection attempt to port 9 cross the interface, answered or not. It marks a point in the capture. */
  readonly mark: () => Promise<unknown>
}

export interface Rotation {
  /** At least 2, at most 10. */
  readonly files: number
  /** Of each file. */
  readonly megabytes: number
}

/** Resolves when the command has ended, whatever its exit code. */
export type RunCommand = (
  argv: readonly [string, ...string[]],
) => Promise<{ readonly exitCode: number | null; readonly stderr: string }>

export interface CapturedPackets {
  readonly linkType: number
  /** In the order of capture, markers among them. */
  readonly frames: readonly Frame[]
}

/** Packets of one interface, recorded while it is open. */
export interface Capture extends AsyncDisposable {
  /**
   * All packets since it opened. Nothing that crossed the interface before this call is missing: a marker sent behind it
   * has to appear in the file first. With `sinceMs` packets from before that time may be missing, when there were more
   * than are kept.
   *
   * @throws {Error} When the capture has ended, or dropped or overwrote packets, or the marker does not appear within 5 s.
   */
  packets(options?: { readonly sinceMs?: number }): Promise<CapturedPackets>
  /**
   * The TCP connections of all packets since `sinceMs` (default: since it opened), without markers.
   *
   * @throws {Error} As `packets` does.
   */
  connections(options?: { readonly sinceMs?: number }): Promise<readonly TcpConnection[]>
}

/** The TCP connections of captured packets since a time, without markers. */
export function connectionsSince(
  { linkType, frames }: CapturedPackets,
  sinceMs: number,
): readonly TcpConnection[] {
  return split({ linkType, frames: frames.filter(({ atMs }) => atMs >= sinceMs) }).connections
}

function split({ linkType, frames }: CapturedPackets): {
  readonly connections: readonly TcpConnection[]
  readonly markers: number
} {
  const all = findTcpConnections(linkType, frames)
  const connections = all.filter(({ server }) => server.port !== markerPort)
  return { connections, markers: all.length - connections.length }
}

const linkTypeEthernet = 1
const readyWithinMs = 5_000
const defaultRotation: Rotation = { files: 4, megabytes: 32 }
const pollEveryMs = 4

/**
 * Starts tcpdump on an interface and waits until it listens.
 *
 * @throws {Error} When tcpdump does not start; the message has its own words.
 */
export async function openCapture(options: CaptureOptions): Promise<Capture> {
  const capture = new TcpdumpCapture(options)
  try {
    await capture.ready()
  } catch (error) {
    await capture[Symbol.asyncDispose]()
    throw error
  }
  return capture
}

/** The marker: one connection attempt from the namespace that `run` runs in. */
export async function dialMarker(run: RunCommand, address: string): Promise<void> {
  // A bash that finds a socket on its input would otherwise read its start-up files.
  // The redirection fails, because the kernel answers by RST; the SYN has crossed the link all the same.
  await run([
    'bash',
    '--norc',
    '-c',
    `exec 2>/dev/null; : <"/dev/tcp/$1/${markerPort}"`,
    'marker',
    address,
  ])
}

// Immediate mode: otherwise packets wait in the kernel's ring for a second and are lost with it. In this mode the ring has
// slots of the snap length, so with tcpdump's defaults (256 KiB, 2 MiB) it holds 16 packets on loopback and drops the next
// as soon as tcpdump has to wait for a processor; with these it holds 500. A longer packet is cut, which the readers know.
// The shell leaves its process id behind for the signals and becomes tcpdump.
const tcpdump = `echo $$ >"$1.pid" &&
exec tcpdump -i "$2" -Z root --immediate-mode --time-stamp-precision=nano -n -U -s 16000 -B 16384 \
  -C "$3" -W "$4" -w "$1" tcp 2>"$1.log"`

class TcpdumpCapture implements Capture {
  readonly #options: CaptureOptions
  readonly #keep: Rotation
  readonly #ended: Promise<unknown>
  #running = true
  /** When the first packet was taken; when it is gone, packets have been overwritten. */
  #firstNs: bigint | undefined

  constructor(options: CaptureOptions) {
    const { keep = defaultRotation, file } = options
    this.#options = options
    this.#keep = keep
    const limits = [keep.megabytes, keep.files].map(String)
    this.#ended = options
      .run(['sh', '-c', tcpdump, 'capture', file, options.interface, ...limits])
      .catch((error: unknown) => error)
      .finally(() => {
        this.#running = false
      })
  }

  async ready(): Promise<void> {
    await this.#until('tcpdump does not listen', async () =>
      (await this.#log()).includes('listening on'),
    )
    await this.#options.mark()
    await this.#until('the first marker does not appear', async () => {
      this.#firstNs = (await this.#read()).frames[0]?.atNs
      return this.#firstNs !== undefined
    })
  }

  async packets({ sinceMs = 0 } = {}): Promise<CapturedPackets> {
    const markersBefore = split(await this.#read()).markers
    await this.#options.mark()
    let found = await this.#read()
    await this.#until('the marker does not appear', async () => {
      found = await this.#read()
      return split(found).markers > markersBefore
    })
    await this.#refuseDrops()
    const [first] = found.frames
    if (first !== undefined && first.atNs !== this.#firstNs && first.atMs > sinceMs) {
      const kept = `${this.#keep.files} files of ${this.#keep.megabytes} MB`
      throw new Error(
        `The capture of ${this.#options.interface} is not whole: there were more packets than ${kept} hold.`,
      )
    }
    return found
  }

  async connections({ sinceMs = 0 } = {}): Promise<readonly TcpConnection[]> {
    return connectionsSince(await this.packets({ sinceMs }), sinceMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running) await this.#signal('INT')
    await this.#ended
  }

  async #read(): Promise<CapturedPackets> {
    const files = await readCaptureFiles(this.#options.file, this.#keep.files)
    const linkType = files[0]?.linkType ?? linkTypeEthernet
    if (!isReadableLinkType(linkType)) {
      throw new Error(
        `Cannot read the capture of ${this.#options.interface}: its link type is ${linkType}.`,
      )
    }
    return { linkType, frames: files.flatMap(({ frames }) => frames) }
  }

  /** tcpdump prints its counts on SIGUSR1. */
  async #refuseDrops(): Promise<void> {
    const before = dropCounts(await this.#log()).length
    await this.#signal('USR1')
    let latest: string | undefined
    await this.#until('tcpdump does not report its counts', async () => {
      const all = dropCounts(await this.#log())
      latest = all.at(-1)
      return all.length > before
    })
    if (latest !== '0 packets dropped by kernel') {
      throw new Error(`The capture of ${this.#options.interface} is not whole: ${latest}.`)
    }
  }

  async #signal(name: 'INT' | 'USR1'): Promise<void> {
    // The id is still that of tcpdump: when tcpdump ends, so does the `run` that started it.
    await this.#options.run([
      'sh',
      '-c',
      `kill -${name} "$(cat "$1.pid")"`,
      'signal',
      this.#options.file,
    ])
  }

  async #log(): Promise<string> {
    return readFile(`${this.#options.file}.log`, 'utf8').catch(() => '')
  }

  async #until(fault: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + readyWithinMs
    while (!(await holds())) {
      if (!this.#running || performance.now() > deadline) {
        const log = (await this.#log()).trim()
        throw new Error(`Cannot capture on ${this.#options.interface}: ${fault}. ${log}`.trim())
      }
      await wait(pollEveryMs)
    }
  }
}

function dropCounts(log: string): string[] {
  return log.match(/\d+ packets? dropped by kernel/g) ?? []
}
