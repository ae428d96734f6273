export function renderIpv4(bytes: Uint8Array): string {
  return bytes.join('.')
}

/** The recommended text form: lower case, the longest run of zero groups as `::` (RFC 5952). */
export function renderIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  )
  const zeros = longestZeroRun(groups)
  if (zeros.length < 2) return groups.join(':')
  const before = groups.slice(0, zeros.start).join(':')
  const after = groups.slice(zeros.start + zeros.length).join(':')
  return `${before}::${after}`
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  let start = 0
  for (const [index, group] of groups.entries()) {
    if (group !== '0') start = index + 1
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start }
  }
  return longest
}
