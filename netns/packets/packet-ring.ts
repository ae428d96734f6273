import { closeDescriptor, receiveNow } from '#netns/native.ts'
import { getOptionBytes, mapMemory, type SharedMemory } from './packet-native.ts'
import {
  ringBytes,
  slotBytes,
  slotHeader,
  slots,
  SOL_PACKET,
  TP_STATUS_COPY,
  TP_STATUS_USER,
} from './ring-layout.ts'

/** One packet as it crossed the interface, with its link header. */
export interface RingPacket {
  /** Since the epoch. */
  readonly seconds: number
  readonly nanoseconds: number
  /** Larger than `bytes.length` when the packet was longer than a slot, and there was no room for a copy of it. */
  readonly originalLength: number
  readonly bytes: Uint8Array
}

/**
 * The packets of a socket that `openPacketSocket` has opened. The kernel writes a packet into the ring while it crosses
 * the interface: whatever has crossed before `take` is there.
 */
export class PacketRing implements Disposable {
  readonly #fd: number
  readonly #memory: SharedMemory
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #statuses: Int32Array
  #next = 0
  #dropped = 0
  #isClosed = false

  /**
   * Takes the descriptor over.
   * @throws SystemCallError
   */
  constructor(fd: number) {
    this.#fd = fd
    try {
      this.#memory = mapMemory(fd, ringBytes, 'map a ring of packets')
    } catch (error) {
      closeDescriptor(fd)
      throw error
    }
    this.#bytes = new Uint8Array(this.#memory.bytes)
    this.#view = new DataView(this.#memory.bytes)
    this.#statuses = new Int32Array(this.#memory.bytes)
  }

  /** All packets that have crossed since they were last taken. */
  take(): readonly RingPacket[] {
    if (this.#isClosed) throw new Error('The ring of packets is closed')
    const taken: RingPacket[] = []
    for (;;) {
      const slot = this.#next * slotBytes
      const status = (slot + slotHeader.status) / 4
      const flags = Atomics.load(this.#statuses, status)
      if ((flags & TP_STATUS_USER) === 0) return taken
      taken.push({
        seconds: this.#view.getUint32(slot + slotHeader.seconds, true),
        nanoseconds: this.#view.getUint32(slot + slotHeader.nanoseconds, true),
        originalLength: this.#view.getUint32(slot + slotHeader.length, true),
        bytes: (flags & TP_STATUS_COPY) === 0 ? this.#slotBytes(slot) : this.#copy(),
      })
      Atomics.store(this.#statuses, status, 0)
      this.#next = (this.#next + 1) % slots
    }
  }

  #slotBytes(slot: number): Uint8Array {
    const start = slot + this.#view.getUint16(slot + slotHeader.mac, true)
    const captured = this.#view.getUint32(slot + slotHeader.captured, true)
    return this.#bytes.slice(start, start + captured)
  }

  /** Of the packet whose slot is the next one that says there is a copy. */
  #copy(): Uint8Array {
    const length = receiveNow(this.#fd, longest, 'receive the copy of a long packet')
    return new Uint8Array(longest.subarray(0, length))
  }

  /** How many packets found no room, since it was opened. */
  dropped(): number {
    const counts = getOptionBytes(
      this.#fd,
      [SOL_PACKET, PACKET_STATISTICS],
      STATISTICS_BYTES,
      'count the packets that were dropped',
    )
    // Asking sets the kernel's own count to zero.
    this.#dropped += counts.readUInt32LE(4)
    return this.#dropped
  }

  [Symbol.dispose](): void {
    // Its memory is not ours any more, and to look at it would end the process.
    this.#isClosed = true
    this.#memory[Symbol.dispose]()
    closeDescriptor(this.#fd)
  }
}

/** Of what can be put together from segments, with a link header. */
const longest = Buffer.allocUnsafeSlow(1 << 19)
const PACKET_STATISTICS = 6
/** `struct tpacket_stats`: packets, drops. */
const STATISTICS_BYTES = 8
