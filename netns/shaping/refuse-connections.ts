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
  return install(namespace, `refuse connections to port ${port}`, {
    // A reset of theirs is the end of a connection, which the server may hear.
    output: [`tcp dport ${port} tcp flags & rst == 0 counter reject with tcp reset`],
    input: [],
  })
}

/**
 * Makes the next segment that either end of these connections sends a reset, in its place in the order of segments, so that
 * the other end takes it for one. Once that is gone and the rules are, whoever sent it hears the same from the machine.
 * @throws Error with nft's words when it cannot be.
 */
export function breakConnections(
  namespace: NetworkNamespace,
  connections: readonly ListedSocket[],
): Disposable {
  return install(namespace, `break ${connections.length} connections`, {
    output: connections.map((each) => `${match(each, 'out')} counter tcp flags set rst`),
    input: connections.map((each) => `${match(each, 'in')} counter tcp flags set rst`),
  })
}

function match({ family, local, remote }: ListedSocket, way: 'out' | 'in'): string {
  const [from, to] = way === 'out' ? [local, remote] : [remote, local]
  const ip = family === 4 ? 'ip' : 'ip6'
  return `${ip} saddr ${from.address} ${ip} daddr ${to.address} tcp sport ${from.port} tcp dport ${to.port}`
}

function install(
  namespace: NetworkNamespace,
  what: string,
  rules: Readonly<Record<'output' | 'input', readonly string[]>>,
): Disposable {
  const name = nextRulesName()
  const chains = (['output', 'input'] as const).flatMap((hook) => [
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority filter; policy accept;`,
    ...rules[hook].map((rule) => `    ${rule}`),
    '  }',
  ])
  const commands = [`create table inet ${name}`, `table inet ${name} {`, ...chains, '}', ''].join(
    '\n',
  )
  const { status, errors } = namespace.run(() => runNft(commands))
  if (status !== 0) {
    const [why] = errors.trim().split('\n', 1)
    throw new Error(`Cannot ${what} in ${namespace.label}: ${why}`)
  }
  return {
    [Symbol.dispose]: () => {
      namespace.run(() => runNft(`delete table inet ${name}`))
    },
  }
}
