/** A capture file of several interfaces (draft-ietf-opsawg-pcapng), as far as this product writes it. */
export interface PcapngFile {
  readonly comments: readonly string[]
  /** What wrote it; undefined: the file does not say. */
  readonly application: string | undefined
  readonly interfaces: readonly PcapngInterface[]
  /** Secrets in the NSS key log format; empty: none. */
  readonly keyLog: string
  readonly packets: readonly PcapngPacket[]
}

export interface PcapngInterface {
  readonly name: string | undefined
  readonly description: string | undefined
  /** LINKTYPE_ value: 1 is Ethernet. */
  readonly linkType: number
  /** Longest packet kept; 0: no limit. */
  readonly snapLength: number
}

export interface PcapngPacket {
  /** Index into `interfaces`. */
  readonly interface: number
  /** Since the epoch. */
  readonly atNs: bigint
  readonly bytes: Uint8Array
  /** Larger than `bytes.length` when the snap length cut the packet. */
  readonly originalLength: number
  readonly comments: readonly string[]
}

/** Block types (sections 4.1 to 4.7). */
export const blockType = {
  section: 0x0a0d0d0a,
  interface: 1,
  simplePacket: 3,
  enhancedPacket: 6,
  secrets: 10,
} as const

export const byteOrderMagic = 0x1a2b3c4d
/** "TLSK": secrets in the NSS key log format. */
export const tlsKeyLogSecrets = 0x544c534b

/** Option codes (sections 3.5, 4.1 and 4.2). */
export const option = {
  end: 0,
  comment: 1,
  sectionApplication: 4,
  interfaceName: 2,
  interfaceDescription: 3,
  timeResolution: 9,
  timeOffset: 14,
} as const
