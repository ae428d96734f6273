import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecOptions, ExecResult, Lab } from '#lab/lab.ts'
import { canariesIn, type Canary } from '#lab/probes/canary.ts'
import { addressBook, type AddressBook } from '#lab/probes/hops.ts'
import {
  openLinkCaptures,
  type ConnectionsOptions,
  type LinkCaptures,
  type LinkConnection,
  type LinkPackets,
} from '#lab/probes/link-captures.ts'
import { mergePackets, type Remark } from '#lab/probes/merge-packets.ts'
import { encodePcapng } from '#lab/probes/pcapng/encode-pcapng.ts'
import { readWire } from '#lab/probes/wire.ts'
import type { LogText } from '#lab/probes/ledger/read-logs.ts'
import { findTopology } from '#lab/topology/find-topology.ts'
import { keyLogFile } from '#lab/topology/plan.ts'
import { meshPorts } from '#lab/topology/service-b.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { toTopologyRecord } from '#lab/probes/topology-record.ts'
import type { ScenarioLog } from '#reports/record/scenario-log.ts'
import type { LedgerRecord, TopologyRecord } from '#reports/record/record.ts'
import type { Ground } from './ground.ts'
import { borrowLab } from './warm-labs.ts'
import { openYardNode, type YardNode } from './yard-node.ts'
import { seeWire, type SeenWire } from './wire/seen-wire.ts'

/** A lab with captures on all its links, shared by the scenarios of a file. */
export interface Stage extends AsyncDisposable {
  readonly ground: Ground
  readonly lab: Lab
  readonly captures: LinkCaptures
  readonly topology: TopologyRecord
  /** What happened when, for whoever reads the packets. */
  readonly remarks: Remark[]
  /** The ids of all requests so far. */
  readonly asked: Set<Canary>
  /** The secrets of all TLS connections so far. */
  keyLog(): Promise<string>
}

export interface StageOptions {
  /** Takes the capture file when the stage closes. */
  readonly log: ScenarioLog
  /** Of the scenarios. */
  readonly file: string
  /** Makes the topology that the scenarios need of the one that is built in; default: as it is. */
  readonly adapt?: Adapt | undefined
}

/** Changes what a suite needs otherwise: a setting of a node, say, that is read when it starts. */
export type Adapt = (topology: Topology, ground: Ground) => Topology

export async function openStage(
  ground: Ground,
  { log, file, adapt }: StageOptions,
): Promise<Stage> {
  await using stack = new AsyncDisposableStack()
  const builtIn = await findTopology(ground.topology)
  const { lab } = stack.use(await borrowLab(adapt?.(builtIn, ground) ?? builtIn))
  const captures = stack.use(await openLinkCaptures(lab))
  const remarks: Remark[] = []
  const keyLog = (): Promise<string> =>
    readFile(join(lab.folder, keyLogFile), 'utf8').catch(() => '')
  stack.defer(async () => {
    const bytes = encodePcapng(
      mergePackets(await captures.packets({ sinceMs: Number.POSITIVE_INFINITY }), {
        comments: [`${file} on ${ground.topology}`],
        remarks,
        keyLog: await keyLog(),
      }),
    )
    log.addCapture({ name: captureName(file, ground), bytes })
  })
  const owned = stack.move()
  return {
    ground,
    lab,
    captures,
    topology: toTopologyRecord(lab.topology),
    remarks,
    asked: new Set(),
    keyLog,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function captureName(file: string, { topology }: Ground): string {
  const name = file.replace(/^scenarios\//, '').replace(/\.scenario\.ts$/, '')
  return `${name}-on-${topology}.pcapng`
}

/** What a scenario has run or asked. */
export interface AskedCommand {
  readonly node: string
  /** Of a request that no command sends: `fetch`, `say` or `connect`, and what of it reaches others. */
  readonly argv: readonly string[]
  readonly input: string
}

/** What one scenario does on a stage and sees of it; everything goes into its log. */
export class Yard {
  readonly ground: Ground
  readonly lab: Lab
  readonly #stage: Stage
  readonly #captures: LinkCaptures
  readonly #book: AddressBook
  readonly #log: ScenarioLog
  readonly #askedEarlier: ReadonlySet<Canary>
  readonly #commands: AskedCommand[] = []
  readonly #held = new AsyncDisposableStack()
  readonly #nodes = new Map<string, YardNode>()
  /** When the scenario began. */
  readonly sinceMs: number
  readonly #logLengths: ReadonlyMap<string, number>

  private constructor(stage: Stage, log: ScenarioLog, lengths: ReadonlyMap<string, number>) {
    this.#stage = stage
    this.ground = stage.ground
    this.lab = stage.lab
    this.#captures = stage.captures
    this.#book = addressBook(stage.topology.nodes)
    this.#log = log
    this.#askedEarlier = new Set(stage.asked)
    this.sinceMs = Date.now()
    this.#logLengths = lengths
    log.setTopology(stage.topology)
  }

  static async enter(stage: Stage, log: ScenarioLog, title: string): Promise<Yard> {
    stage.remarks.push({ atMs: Date.now(), text: `scenario: ${title}` })
    const logs = await allLogs(stage.lab)
    return new Yard(stage, log, new Map(logs.map(({ key, text }) => [key, text.length])))
  }

  /** Runs a command in a node and puts it on record. */
  async run(
    node: string,
    argv: readonly [string, ...string[]],
    options: ExecOptions = {},
  ): Promise<ExecResult> {
    this.#begin(node, argv, options.input ?? '')
    const result = await this.lab.exec(node, argv, options)
    const { exitCode, stdout, stderr, durationMs } = result
    this.#log.addCommand({ node, argv, exitCode, stdout, stderr, durationMs })
    return result
  }

  /** A node to ask from without running a command; its connections end with the scenario. */
  node(name: string): YardNode {
    const opened = this.#nodes.get(name)
    if (opened !== undefined) return opened
    const held = this.#held.use(this.lab.node(name))
    const node = openYardNode(held, {
      onBegin: (argv, input) => {
        this.#begin(name, argv, input)
      },
      onEnd: (command) => {
        this.#log.addCommand(command)
      },
    })
    this.#nodes.set(name, node)
    return node
  }

  /** What this scenario has run and asked so far, in order. */
  get commands(): readonly AskedCommand[] {
    return this.#commands
  }

  /** Whether a request is one of an earlier scenario on the same stage. */
  askedEarlier(id: Canary): boolean {
    return this.#askedEarlier.has(id)
  }

  /** The TCP connections of this scenario on all links, oldest first. */
  connections(
    options: Omit<ConnectionsOptions, 'sinceMs'> = {},
  ): Promise<readonly LinkConnection[]> {
    return this.#captures.connections({ ...options, sinceMs: this.sinceMs })
  }

  /** The packets of each link since this scenario began. */
  async packets(): Promise<readonly LinkPackets[]> {
    const links = await this.#captures.packets({ sinceMs: this.sinceMs })
    return links.map((link) => ({
      ...link,
      frames: link.frames.filter(({ atMs }) => atMs >= this.sinceMs),
    }))
  }

  /** Everything that the packets since a time (default: of this scenario) show so far, read as far as keys allow. */
  async wire({ sinceMs = this.sinceMs } = {}): Promise<SeenWire> {
    const [packets, { rules }] = await Promise.all([
      // From the beginning, so that packets have the numbers of the capture file.
      this.#captures.packets({ sinceMs }),
      this.lab.status(),
    ])
    const wire = readWire(packets, {
      sinceMs,
      keyLog: await this.#stage.keyLog(),
      book: this.#book,
    })
    const ports = new Set(meshPorts.map(({ port }) => port))
    const { path, ends } = this.ground
    const way = { topology: this.#stage.topology, path, rules, ports, ...(ends && { ends }) }
    return seeWire(wire, { book: this.#book, way })
  }

  /** Which node owns the address that dialled. */
  dialler({ client }: LinkConnection): string | undefined {
    return this.#book.get(client.address)
  }

  /** What a node has logged during this scenario. */
  async logged(node: string, name: string): Promise<string> {
    const logs = await this.lab.logs(node)
    const text = logs.find((log) => log.name === name)?.text
    if (text === undefined) {
      const names = logs.map((log) => log.name).join(', ')
      throw new RangeError(`${node} has no log "${name}"; it has ${names}.`)
    }
    return text.slice(this.#logLengths.get(logKey(node, name)) ?? 0)
  }

  /** What all nodes have logged during this scenario. */
  async logs(): Promise<readonly LogText[]> {
    const logs = await allLogs(this.lab)
    return logs.map(({ node, name, key, text }) => {
      return { node, name, text: text.slice(this.#logLengths.get(key) ?? 0) }
    })
  }

  /** Puts on record what became of the requests. */
  addLedger(ledger: LedgerRecord): void {
    this.#log.setLedger(ledger)
  }

  /** Puts packets and logs on record. */
  async record(): Promise<void> {
    await this.#held.disposeAsync()
    await this.connections({ until: endedOrQuiet(), withinMs: 150 })
    const { hops } = await this.wire()
    for (const { record } of hops) this.#log.addHop(record)
    for (const log of await this.logs()) if (log.text !== '') this.#log.addLog(log)
  }

  #begin(node: string, argv: AskedCommand['argv'], input: string): void {
    const step = `step: ${node}: ${argv.join(' ')}`
    this.#stage.remarks.push({ atMs: Date.now(), text: step })
    this.#commands.push({ node, argv, input })
    for (const id of canariesIn([...argv, input].join('\n'))) this.#stage.asked.add(id)
  }

  /** Brings back what the scenario has stopped or removed, for the next one. */
  async restore(): Promise<void> {
    const { rules, nodes, faults } = await this.lab.status()
    if (faults.length > 0) await this.lab.healAll()
    const down = nodes.filter(({ state }) => state === 'stopped' || state === 'dead')
    await Promise.all(down.map(({ name }) => this.lab.startNode(name)))
    if (rules === 'removed') await this.lab.installRules()
  }
}

/** Proxies keep connections for the next request, so not all of them end; those show nothing new any more. */
function endedOrQuiet(): (connections: readonly LinkConnection[]) => boolean {
  let before = ''
  return (connections) => {
    const latest = connections.map(({ frames }) => frames.last.atNs).join(' ')
    const isQuiet = latest === before
    before = latest
    return isQuiet || connections.every(({ outcome }) => outcome !== 'open')
  }
}

interface NamedLog {
  readonly node: string
  readonly name: string
  readonly key: string
  readonly text: string
}

async function allLogs(lab: Lab): Promise<NamedLog[]> {
  const logs = await Promise.all(
    lab.topology.nodes.map(async ({ name: node }) =>
      (await lab.logs(node)).map(({ name, text }) => ({
        node,
        name,
        key: logKey(node, name),
        text,
      })),
    ),
  )
  return logs.flat()
}

function logKey(node: string, name: string): string {
  return `${node}/${name}`
}
