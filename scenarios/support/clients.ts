import type { Ground } from './ground.ts'

/** One way of Service A to talk to Service B, as the tutorial types it. */
export interface Client {
  readonly protocol: 'TCP' | 'TLS' | 'HTTP' | 'HTTPS'
  readonly port: number
  readonly argv: readonly [string, ...string[]]
  /** What Service B answers, as the client prints it. */
  readonly answer: string
  /** What crosses the links. */
  readonly payload: 'plaintext' | 'tls'
  /** The log of the process of Service B that listens on the port. */
  readonly serverLog: string
}

/** The clients of steps 2 and 9 of the tutorial. */
export function clients({ addresses }: Ground): readonly Client[] {
  const { serviceA, serviceB } = addresses
  const ncat = (...rest: readonly string[]): Client['argv'] => [
    'ncat',
    '--source',
    serviceA,
    ...rest,
  ]
  // Without a terminal curl shows its progress on stderr.
  const curl = (...rest: readonly string[]): Client['argv'] => [
    'curl',
    '--silent',
    '--show-error',
    '--interface',
    serviceA,
    ...rest,
  ]
  return [
    {
      protocol: 'TCP',
      port: 19000,
      argv: ncat('--recv-only', serviceB, '19000'),
      answer: 'Hello from Service B (TCP)\n',
      payload: 'plaintext',
      serverLog: 'tcp',
    },
    {
      protocol: 'TLS',
      port: 19443,
      argv: ncat('--recv-only', '--ssl', serviceB, '19443'),
      answer: 'Hello from Service B (TLS)\n',
      payload: 'tls',
      serverLog: 'tls',
    },
    {
      protocol: 'HTTP',
      port: 18000,
      argv: curl(`http://${serviceB}:18000`),
      answer: 'Hello from Service B (HTTP)\n',
      payload: 'plaintext',
      serverLog: 'http',
    },
    {
      protocol: 'HTTPS',
      port: 18443,
      argv: curl('--insecure', `https://${serviceB}:18443`),
      answer: 'Hello from Service B (HTTPS)\n',
      payload: 'tls',
      serverLog: 'https',
    },
  ]
}
