import type { NetworkNamespace } from '#netns/namespace.ts'
import { runNft } from '#netns/native.ts'
import type { ListedSocket } from '#netns/netlink/sock-diag.ts'
import { nextRulesName } from './rules-name.ts'

/**
 * Answers whatever a namespace sends to a TCP port with a reset, as a machine does on which nobody listens there: those
 * who dial are refused, and connections that are there end with the next thing they say. Disposing of it ends that.
 * @throws Error with nft's words when it cannot be.
 */
export function refuseConnections(namespace: NetworkNamespace, port: number): Disposable {
  return refuse(namespace, `connections to port ${port}`, {
    output: [`tcp dport ${port}`],
    input: [],
  })
}

/** Answers whatever either end of these connections says with a reset. */
export function refuseThese(
  namespace: NetworkNamespace,
  connections: readonly ListedSocket[],
): Disposable {
  return refuse(namespace, `${connections.length} connections`, {
    output: connections.map((each) => match(each, 'out')),
    input: connections.map((each) => match(each, 'in')),
  })
}

function match({ family, local, remote }: ListedSocket, way: 'out' | 'in'): string {
  const [from, to] = way === 'out' ? [local, remote] : [remote, local]
  const ip = family === 4 ? 'ip' : 'ip6'
  return `${ip} saddr ${from.address} ${ip} daddr ${to.address} tcp sport ${from.port} tcp dport ${to.port}`
}

function refuse(
  namespace: NetworkNamespace,
  what: string,
  matches: Readonly<Record<'output' | 'input', readonly string[]>>,
): Disposable {
  const name = nextRulesName()
  const chains = (['output', 'input'] as const).flatMap((hook) => [
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority filter; policy accept;`,
    ...matches[hook].map((packets) => `    ${packets} counter reject with tcp reset`),
    '  }',
  ])
  const commands = [`create table inet ${name}`, `table inet ${name} {`, ...chains, '}', ''].join(
    '\n',
  )
  const { status, errors } = namespace.run(() => runNft(commands))
  if (status !== 0) {
    const [why] = errors.trim().split('\n', 1)
    throw new Error(`Cannot refuse ${what} in ${namespace.label}: ${why}`)
  }
  return {
    [Symbol.dispose]: () => {
      namespace.run(() => runNft(`delete table inet ${name}`))
    },
  }
}
