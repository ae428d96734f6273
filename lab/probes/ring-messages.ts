import type { RingPacket } from '#netns/packets/packet-ring.ts'

/** To the thread that empties rings. Each message is answered once, in order. */
export type RingMessage =
  /** The thread takes the descriptor over. */
  | { readonly kind: 'open'; readonly ring: number; readonly fd: number }
  /** Whatever has crossed the interface until now and was not taken before. */
  | { readonly kind: 'take'; readonly ring: number }
  | { readonly kind: 'close'; readonly ring: number }

export type RingAnswer =
  | { readonly kind: 'done' }
  /** `dropped`: since the ring was opened. */
  | { readonly kind: 'packets'; readonly packets: readonly RingPacket[]; readonly dropped: number }
  | { readonly kind: 'failed'; readonly error: Error }
