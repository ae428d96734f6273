import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hasLibnftables, runNft } from '#netns/native.ts'

/** Every firewall rule of the thread's namespace with table, chain and place, without counters; sorted by table. */
export function readRules(): readonly string[] {
  const nft = hasLibnftables() ? listNft() : undefined
  // Through nft, iptables shows what it made; but nft has no words for some of it, such as TPROXY.
  const byIptables = nft === undefined || /\bxt (?:match|target)\b/.test(nft)
  return [
    ...(nft === undefined ? [] : numberNft(nft)),
    ...(byIptables ? listSaved('iptables-save', 'ip6tables-save') : []),
    ...(hasLegacyTables() ? listSaved('iptables-legacy-save', 'ip6tables-legacy-save') : []),
  ]
}

/** A listing of `iptables-save` without what changes by itself: counters of chains, and comments with the time of day. */
export function withoutCounters(saved: string): string {
  return saved.replaceAll(/^#.*\n/gm, '').replaceAll(/ \[\d+:\d+\]$/gm, '')
}

/** @throws Error when nft does not list its rules. */
export function listNft(): string {
  const { status, output, errors } = runNft('list ruleset')
  if (status !== 0) throw new Error(`Cannot list nft rules: ${errors.trim()}`)
  return output
}

/** Tables in the order of their names, since when they were made says nothing; within a table order counts. */
function numberNft(listing: string): readonly string[] {
  return listing
    .split(/^(?=table )/m)
    .filter((table) => table.startsWith('table '))
    .toSorted()
    .flatMap((table) => {
      const [title = '', ...lines] = table.trimEnd().split('\n')
      let block = ''
      let place = 0
      const name = title.replace(/^table /, '').replace(/ \{$/, '')
      return [
        name,
        ...lines.flatMap((line) => {
          const text = line.trim()
          if (text === '' || text === '}' || text.startsWith('#')) return []
          if (line.startsWith('\t') && !line.startsWith('\t\t') && text.endsWith('{')) {
            block = text.replace(/ \{$/, '')
            place = 0
            return [`${name} ${block}`]
          }
          place += 1
          return [`${name} ${block} ${place}: ${text}`]
        }),
      ]
    })
}

function listSaved(...tools: readonly string[]): readonly string[] {
  return tools.flatMap((tool) => {
    const { status, stdout } = spawnSync(tool, { encoding: 'utf8' })
    if (status !== 0) return []
    let place = 0
    let table = ''
    return withoutCounters(stdout)
      .split('\n')
      .flatMap((line) => {
        if (line.startsWith('*')) {
          table = line.slice(1)
          place = 0
          return []
        }
        if (line === '' || line === 'COMMIT' || isEmptyChain(line)) return []
        place += 1
        return [`${tool} ${table} ${place}: ${line}`]
      })
  })
}

/** Listing a table makes its built-in chains. */
function isEmptyChain(line: string): boolean {
  return /^:[A-Z]+ ACCEPT$/.test(line)
}

function hasLegacyTables(): boolean {
  return ['ip_tables_names', 'ip6_tables_names'].some((name) => {
    try {
      return readFileSync(`/proc/thread-self/net/${name}`, 'utf8').trim() !== ''
    } catch {
      return false
    }
  })
}
