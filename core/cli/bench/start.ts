import { openKongSandbox } from '#core/cli/kong-sandbox.ts'
import { freePorts } from '#core/base/loopback-ports.ts'

/** `node core/cli/bench/start.ts`: wall time of `kong start` and `kong stop`, medians of five after a warm-up. */
const rounds = 5

await using sandbox = await openKongSandbox()
const [admin = 0, adminTls = 0, http = 0, https = 0, tcp = 0, tls = 0] = await freePorts(6)
const nodes = {
  'control plane': {
    KONG_PREFIX: 'kong-c',
    KONG_PROXY_LISTEN: 'off',
    KONG_ADMIN_LISTEN: `127.0.0.1:${admin}, 127.0.0.1:${adminTls} ssl`,
  },
  'data plane': {
    KONG_PREFIX: 'kong-a',
    KONG_ADMIN_LISTEN: 'off',
    KONG_PROXY_LISTEN: `127.0.0.1:${http}, 127.0.0.1:${https} ssl`,
    KONG_STREAM_LISTEN: `127.0.0.1:${tcp}, 127.0.0.1:${tls}`,
  },
}
const figures: Record<string, Record<string, string>> = {}
for (const [name, env] of Object.entries(nodes)) {
  const startMs: number[] = []
  const stopMs: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const started = await timed(['start'], env)
    const stopped = await timed(['stop'], env)
    if (round === 0) continue
    startMs.push(started)
    stopMs.push(stopped)
  }
  figures[name] = { 'start (ms)': median(startMs), 'stop (ms)': median(stopMs) }
}
console.table(figures)

async function timed(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const from = performance.now()
  const { exitCode, stderr } = await sandbox.kong(args, env)
  if (exitCode !== 0) throw new Error(`kong ${args.join(' ')} failed: ${stderr}`)
  return performance.now() - from
}

function median(values: readonly number[]): string {
  return (values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0).toFixed(0)
}
