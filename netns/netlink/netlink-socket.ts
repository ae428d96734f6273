import {
  closeDescriptor,
  errnoName,
  liftDescriptor,
  openSocket,
  receiveNow,
  sendAll,
  setSocketOption,
  SystemCallError,
} from '#netns/native.ts'
import {
  encodeRequests,
  NLM_F_DUMP,
  NLMSG_DONE,
  NLMSG_ERROR,
  parseError,
  parseMessages,
  type NetlinkMessage,
  type NetlinkRequest,
} from './message.ts'

const AF_NETLINK = 16
const SOCK_RAW = 3
const NETLINK_ROUTE = 0
const SOL_NETLINK = 270
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11

/** A netlink socket; it acts on the namespace in which it was opened, wherever the thread is later. */
export class NetlinkSocket implements Disposable {
  readonly #fd: number
  readonly #label: string
  #sequence = 1

  /** @param label Name of the namespace, for errors. */
  constructor(label: string, protocol: number = NETLINK_ROUTE) {
    this.#label = label
    this.#fd = liftDescriptor(
      openSocket(AF_NETLINK, SOCK_RAW, protocol, `open a netlink socket in ${label}`),
    )
    setSocketOption(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, 1, 'ask netlink for error texts')
    setSocketOption(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, 1, 'ask netlink for short errors')
  }

  /**
   * Sends requests in as few goes as their answers fit the socket's buffer. Requests after one that fails may be carried out too.
   * @returns What the kernel answered to those that ask something.
   * @throws SystemCallError for the first that failed.
   */
  transact(requests: readonly NetlinkRequest[]): NetlinkMessage[] {
    return Array.from({ length: Math.ceil(requests.length / REQUESTS_PER_SEND) }, (_, index) =>
      this.#send(requests.slice(index * REQUESTS_PER_SEND, (index + 1) * REQUESTS_PER_SEND)),
    ).flat()
  }

  #send(requests: readonly NetlinkRequest[]): NetlinkMessage[] {
    const first = this.#sequence
    const last = first + requests.length - 1
    this.#sequence = last + 1
    sendAll(this.#fd, encodeRequests(requests, first), `configure ${this.#label} by netlink`)
    const answers: NetlinkMessage[] = []
    for (;;) {
      for (const message of this.#receive()) {
        // Left over from a send that failed.
        if (message.sequence < first) continue
        if (message.type !== NLMSG_ERROR) {
          answers.push(message)
          continue
        }
        const { errno, detail } = parseError(message)
        if (errno !== 0) throw this.#failure(requests[message.sequence - first], errno, detail)
        if (message.sequence === last) return answers
      }
    }
  }

  /** Sends a dump request and returns everything the kernel lists. */
  dump(request: NetlinkRequest): NetlinkMessage[] {
    const sequence = this.#sequence++
    const listing = { ...request, flags: request.flags | NLM_F_DUMP }
    sendAll(this.#fd, encodeRequests([listing], sequence), `${request.operation} in ${this.#label}`)
    const listed: NetlinkMessage[] = []
    for (;;) {
      for (const message of this.#receive()) {
        if (message.sequence !== sequence) continue
        if (message.type === NLMSG_DONE) return listed
        if (message.type === NLMSG_ERROR) {
          const { errno, detail } = parseError(message)
          if (errno !== 0) throw this.#failure(request, errno, detail)
        } else {
          listed.push(message)
        }
      }
    }
  }

  /** For whoever reads what the kernel sends unasked; belongs to this object. */
  get fd(): number {
    return this.#fd
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.#fd)
  }

  /** The kernel answers within `send`, so there is nothing to wait for: an answer is there or never comes. */
  #receive(): NetlinkMessage[] {
    const length = receiveNow(this.#fd, received, `read netlink's answer in ${this.#label}`)
    // Most are short: to make room for the longest each time is what a large network would be busy with.
    return parseMessages(Buffer.from(received.subarray(0, length)))
  }

  #failure(request: NetlinkRequest | undefined, errno: number, detail: string | undefined): Error {
    const operation = request?.operation ?? 'configure the network'
    return new SystemCallError(`${operation} in ${this.#label}`, errnoName(errno), detail)
  }
}

/** The answers wait in the socket's buffer, 208 KiB by default, and one about a link takes more than 4 of them. */
const REQUESTS_PER_SEND = 32

/** The kernel fills at most 32 KiB of a dump per datagram. */
const RECEIVE_BYTES = 65_536

/** Of the thread: each answer is copied out of it at once. */
const received = Buffer.allocUnsafe(RECEIVE_BYTES)
