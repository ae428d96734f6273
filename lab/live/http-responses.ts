import { splitHttpRequests } from '#lab/probes/ledger/http-messages.ts'

export interface HttpExchange {
  readonly method: string
  readonly path: string
  /** Of the request's first byte in what the client said. */
  readonly askedAt: number
  /** Undefined: not answered yet. */
  readonly status: number | undefined
  /** Of the answer's first byte in what the server said. */
  readonly answeredAt: number | undefined
}

const requestLine = /^([!#$%&'*+.^`|~\w-]+) (\S+) HTTP\/1\.\d/
const statusLine = /HTTP\/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?\r\n/g

/** The requests of a connection with their answers; undefined: what it carries does not begin as HTTP/1. */
export function findExchanges(
  toServer: Uint8Array,
  toClient: Uint8Array,
): readonly HttpExchange[] | undefined {
  const requests = splitHttpRequests(toServer)
  if (requests === undefined) return undefined
  const answers = findAnswers(toClient)
  return requests.flatMap(({ offset, bytes }, index): readonly HttpExchange[] => {
    const [, method, path] = requestLine.exec(Buffer.from(bytes).toString('latin1')) ?? []
    if (method === undefined || path === undefined) return []
    const answer = answers[index]
    return [{ method, path, askedAt: offset, status: answer?.status, answeredAt: answer?.offset }]
  })
}

/** Final ones, in order. */
function findAnswers(bytes: Uint8Array): readonly { status: number; offset: number }[] {
  const text = Buffer.from(bytes).toString('latin1')
  const answers: { status: number; offset: number }[] = []
  let at = 0
  while (at < text.length) {
    statusLine.lastIndex = at
    const found = statusLine.exec(text)
    if (found === null) break
    const status = Number(found[1])
    const endOfHead = text.indexOf('\r\n\r\n', found.index)
    if (endOfHead < 0) {
      answers.push({ status, offset: found.index })
      break
    }
    const head = text.slice(found.index, endOfHead + 2)
    const length = Number(/\r\ncontent-length:[ \t]*(\d+)/i.exec(head)?.[1] ?? 0)
    // What follows 100 Continue and its like is the answer to the same request.
    if (status >= 200 || status === 101) answers.push({ status, offset: found.index })
    // An answer in chunks is as long as it takes to the next status line.
    at = endOfHead + 4 + length
  }
  return answers
}
