export interface RingMember {
  /** Says who it is, whatever else changes. */
  readonly key: string
  readonly weight: number
}

/** Positions of a ring and who owns them. */
export interface HashRing {
  /** Position of a value. */
  positionOf(value: string): number
  /** Index of the member that owns a position among those for which `allowed` says yes; undefined = there is none. */
  owner(position: number, allowed?: (member: number) => boolean): number | undefined
}

/**
 * Each position belongs to the member that scores highest there (weighted rendezvous hashing, Mosharaf and Schindler's
 * logarithmic method). So a new member takes its share evenly from all and nothing moves between the others; and all
 * nodes agree without telling each other.
 *
 * Owners are found when they are first asked for: making a ring costs next to nothing.
 */
export function openHashRing(members: readonly RingMember[], slots: number): HashRing {
  const seeds = members.map(({ key }) => hashOf(key))
  const owners = new Int32Array(slots).fill(unknownOwner)
  const choose = (position: number, allowed?: (member: number) => boolean): number => {
    let best = nobody
    let bestScore = -Infinity
    for (const [member, { weight }] of members.entries()) {
      if (weight <= 0 || allowed?.(member) === false) continue
      const score = -weight / Math.log(unitOf(seeds[member]!, position))
      if (score > bestScore) [best, bestScore] = [member, score]
    }
    return best
  }
  return {
    positionOf: (value) => mixed(hashOf(value), 0) % slots,
    owner: (position, allowed) => {
      let owner = owners[position]!
      if (owner === unknownOwner) owner = owners[position] = choose(position)
      if (owner !== nobody && allowed?.(owner) === false) owner = choose(position, allowed)
      return owner === nobody ? undefined : owner
    },
  }
}

const unknownOwner = -2
const nobody = -1

/** FNV-1a over UTF-16 code units. */
function hashOf(text: string): number {
  let hash = 0x81_1c_9d_c5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01_00_01_93)
  }
  return hash >>> 0
}

/** Spreads two numbers over 32 bits (the finalizer of MurmurHash3). */
function mixed(a: number, b: number): number {
  let hash = a ^ Math.imul(b + 1, 0x9e_37_79_b1)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Between 0 and 1, both excluded. */
function unitOf(seed: number, position: number): number {
  return (mixed(seed, position) + 0.5) / 0x1_00_00_00_00
}
