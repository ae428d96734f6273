import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Headers } from 'undici'
import type {
  LabNode,
  NodeConnectOptions,
  NodeFetchInit,
  NodeListenOptions,
  NodeServer,
} from '#lab/inside/lab-node.ts'
import type { CommandRecord } from '#reports/record/record.ts'

/** A node of a yard: what is asked from there is on record as commands are. */
export interface YardNode {
  /** Sends a request and reads all of the answer. @throws Error of the connection, or of the answer when it is cut. */
  fetch(url: string, init?: YardFetchInit): Promise<NodeAnswer>
  connect(options: NodeConnectOptions): Promise<Socket>
  /** Says something on a connection, and returns all that came back until that has come or the other side has ended. */
  say(text: string, options: NodeConnectOptions): Promise<string>
  listen(options: NodeListenOptions): Promise<NodeServer>
}

export interface YardFetchInit extends Omit<NodeFetchInit, 'body' | 'headers'> {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface NodeAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface YardNodeOptions {
  /** Before it is done: what of it reaches other nodes, and its input. */
  readonly onBegin: (argv: CommandRecord['argv'], input: string) => void
  readonly onEnd: (command: CommandRecord) => void
}

export function openYardNode(node: LabNode, { onBegin, onEnd }: YardNodeOptions): YardNode {
  const onRecord = async <result>(
    argv: readonly string[],
    { input = '' }: { readonly input?: string },
    act: () => Promise<readonly [result, string]>,
  ): Promise<result> => {
    onBegin(argv, input)
    const startedAt = performance.now()
    const end = (exitCode: number, stdout: string, stderr: string): void => {
      const durationMs = performance.now() - startedAt
      onEnd({ node: node.name, argv, exitCode, stdout, stderr, durationMs })
    }
    try {
      const [result, stdout] = await act()
      end(0, stdout, '')
      return result
    } catch (error) {
      end(1, '', describe(error))
      throw error
    }
  }
  const say: YardNode['say'] = (text, options) =>
    onRecord(['say', ...told(options)], { input: text }, async () => {
      const socket = await node.connect(options)
      socket.write(text)
      let heard = ''
      socket.setEncoding('utf8').on('data', (data: string) => {
        heard += data
        if (heard.includes(text.trim())) socket.end()
      })
      // However the other side has ended it, what came counts.
      await once(socket, 'close').catch(() => [])
      return [heard, heard] as const
    })
  return {
    fetch: (url, init = {}) =>
      onRecord(describeRequest(url, init), { input: init.body ?? '' }, async () => {
        const response = await node.fetch(url, init)
        const { status, headers } = response
        const text = await response.text()
        const lines = Array.from(headers, ([name, value]) => `${name}: ${value}\n`)
        const shown = [`HTTP ${status}\n`, ...lines, `\n${text}`].join('')
        return [{ status, headers, text }, shown] as const
      }),
    connect: (options) =>
      onRecord(['connect', ...told(options)], {}, async () => [await node.connect(options), '']),
    say,
    listen: (options) => node.listen(options),
  }
}

function describeRequest(url: string, { method = 'GET', headers = {} }: YardFetchInit): string[] {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return ['fetch', method, url, ...lines]
}

function told({ host, port, source, tls }: NodeConnectOptions): readonly string[] {
  return [
    ...(source === undefined ? [] : [`from ${source}`]),
    ...(tls === undefined ? [] : ['TLS']),
    host,
    String(port),
  ]
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`
}
