import { runInNamespace } from '#netns/command.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { hasLibnftables, runNft } from '#netns/native.ts'
import { renderPointIptables, renderPointNft, type PointAction } from './point-rules.ts'
import { tellPoint, type ShapingPoint } from './shaping-point.ts'

export interface PointRules extends AsyncDisposable {
  /** How many packets the action has befallen; undefined with iptables, which is not asked. */
  counted(): number | undefined
}

/**
 * Loads the rules of a point under a name; disposing of them leaves the firewall as it was. With nft in this process where
 * its kernel part knows the action, with iptables otherwise: some kernels queue packets for the one and not for the other.
 * @throws Error that says what each of them answered.
 */
export async function installPointRules(
  namespace: NetworkNamespace,
  name: string,
  point: ShapingPoint,
  action: PointAction,
): Promise<PointRules> {
  const refusals: string[] = []
  if (hasLibnftables()) {
    const { status, errors } = namespace.run(() => runNft(renderPointNft(name, point, action)))
    if (status === 0) {
      return {
        counted: () => countedBy(namespace, name),
        [Symbol.asyncDispose]: async () => {
          namespace.run(() => runNft(`delete table inet ${name}`))
        },
      }
    }
    refusals.push(`nft: ${errors.trim().split('\n', 1)[0] ?? ''}`)
  }
  try {
    return await installByIptables(namespace, name, point, action)
  } catch (error) {
    refusals.push(error instanceof Error ? error.message : String(error))
    throw new Error(`Cannot ${action.kind} ${tellPoint(point)}: ${refusals.join('; ')}`, {
      cause: error,
    })
  }
}

async function installByIptables(
  namespace: NetworkNamespace,
  name: string,
  point: ShapingPoint,
  action: PointAction,
): Promise<PointRules> {
  const settled = await Promise.allSettled(
    ([4, 6] as const).map((family) => installFamily(namespace, name, point, action, family)),
  )
  const installed = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const remove = async (): Promise<void> => {
    await Promise.all(installed.map((each) => each[Symbol.asyncDispose]()))
  }
  const failed = settled.find((each) => each.status === 'rejected')
  if (failed !== undefined) {
    await remove()
    throw failed.reason
  }
  return { counted: () => undefined, [Symbol.asyncDispose]: remove }
}

async function installFamily(
  namespace: NetworkNamespace,
  name: string,
  point: ShapingPoint,
  action: PointAction,
  family: 4 | 6,
): Promise<AsyncDisposable> {
  const { table, install, remove } = renderPointIptables(name, point, action, family)
  const program = family === 4 ? 'iptables-restore' : 'ip6tables-restore'
  const nftTable = `${family === 4 ? 'ip' : 'ip6'} ${table}`
  const wasThere = isTable(namespace, nftTable)
  await restore(namespace, program, install)
  return {
    [Symbol.asyncDispose]: async () => {
      await restore(namespace, program, remove)
      if (!wasThere) removeIfEmpty(namespace, nftTable)
    },
  }
}

async function restore(namespace: NetworkNamespace, program: string, input: string): Promise<void> {
  const { exitCode, stderr } = await runInNamespace(
    namespace,
    [program, '--noflush', '--wait', '5'],
    { input, timeoutMs: 10_000 },
  )
  if (exitCode !== 0) throw new Error(`${program}: ${stderr.trim()}`)
}

/** iptables on top of nft makes a table when it needs one, and leaves it there. */
function isTable(namespace: NetworkNamespace, table: string): boolean {
  if (!hasLibnftables()) return true
  return namespace.run(() => runNft(`list table ${table}`)).status === 0
}

function removeIfEmpty(namespace: NetworkNamespace, table: string): void {
  const { status, output } = namespace.run(() => runNft(`list table ${table}`, { json: true }))
  if (status !== 0 || output.includes('"rule"')) return
  namespace.run(() => runNft(`delete table ${table}`))
}

/** The part of libnftables-json(5) that is read here. */
interface CountedRules {
  readonly nftables: readonly {
    readonly rule?: {
      readonly expr: readonly { readonly counter?: { readonly packets: number } }[]
    }
  }[]
}

function countedBy(namespace: NetworkNamespace, name: string): number | undefined {
  const listing = namespace.run(() => runNft(`list table inet ${name}`, { json: true }))
  if (listing.status !== 0) return undefined
  const { nftables }: CountedRules = JSON.parse(listing.output)
  const counters = nftables.flatMap(
    ({ rule }) => rule?.expr.flatMap(({ counter }) => counter ?? []) ?? [],
  )
  return counters.reduce((sum, { packets }) => sum + packets, 0)
}
