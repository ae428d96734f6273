import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { claimPrefix } from '#core/kong/pid-file.ts'
import { loadKongEnv } from '#core/kong/config/load-config.ts'
import { messageOf } from '#core/base/errors.ts'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { openKongLogs, type KongLogs } from '#core/kong/logs.ts'
import { prefixPaths } from '#core/kong/prefix.ts'
import { openKeyLogFile } from './key-log-file.ts'
import { openKongNode, type KongNode } from './kong-node.ts'
import { openSocketMark } from './socket-mark.ts'

/** Longest time that a fast stop may take before the process ends regardless, in ms. */
const stopWithinMs = 3000
/** A graceful stop waits for the last connection, however long: the most that a timer can hold, in ms. */
const foreverMs = 2 ** 31 - 1

/**
 * Is the node of a prepared prefix until a signal ends it: SIGTERM and SIGINT at once, SIGQUIT when the last
 * connection has finished. SIGHUP reads `.kong_env` again, SIGUSR1 opens the log files anew.
 * @param onReady is called when every listener accepts; when it throws, the node stops.
 * @throws MeshError when the node cannot start; nothing is left running, and no pid file.
 */
export async function runKong(config: KongConfig, onReady: () => void): Promise<void> {
  using claim = claimPrefix(config.prefix)
  await using logs = await openKongLogs(config)
  using signals = listenToSignals()
  using _ending = onExit(() => {
    logs.flushSync()
    claim[Symbol.dispose]()
  })
  process.title = `kong: ${config.prefix}`
  try {
    using _keys = openKeyLogFile(process.env, logs.log)
    using _mark = openSocketMark(process.env)
    await using node = await openKongNode(config, { logs })
    avoidFastCalls()
    onReady()
    // Not left to the end, which may be a SIGKILL, and until which others that start would compile all of it again.
    flushCompileCache()
    await obey(signals, node, logs, config.prefix)
    setTimeout(() => process.exit(0), stopWithinMs).unref()
  } catch (error) {
    for (const line of messageOf(error).split('\n')) logs.log.write('emerg', line)
    throw error
  }
}

/**
 * V8's fast calls abort the whole process when a collection falls into one that measures a long text
 * (`Buffer.byteLength`, also within `response.end`). Told before anything is hot enough to be compiled with them; as a
 * flag of the command it would have Node throw away the code that it keeps compiled, and take a third longer to start.
 */
function avoidFastCalls(): void {
  setFlagsFromString('--no-turbo-fast-api-calls')
}

async function obey(
  signals: Signals,
  node: KongNode,
  logs: KongLogs,
  prefix: string,
): Promise<void> {
  for await (const signal of signals) {
    logs.log.write('notice', `signal ${signal} received`)
    switch (signal) {
      case 'SIGTERM':
      case 'SIGINT':
        return
      case 'SIGQUIT':
        await Promise.race([node.drain(foreverMs), signals.stopped])
        return
      case 'SIGHUP':
        try {
          await node.reload(loadKongEnv(prefixPaths(prefix).kongEnv))
        } catch (error) {
          logs.log.write('error', `the configuration stays as it was: ${messageOf(error)}`)
        }
        break
      case 'SIGUSR1':
        logs.reopen()
        break
    }
  }
}

const handled = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1'] as const
type HandledSignal = (typeof handled)[number]

interface Signals extends Disposable, AsyncIterable<HandledSignal> {
  /** Resolves when the process is told to stop at once, whether or not that signal was taken from the queue. */
  readonly stopped: Promise<void>
}

/** Queues the signals of this process, none lost, in order. */
function listenToSignals(): Signals {
  const queue: HandledSignal[] = []
  let arrived = Promise.withResolvers<void>()
  const stopped = Promise.withResolvers<void>()
  const onSignal = (signal: HandledSignal): void => {
    queue.push(signal)
    if (signal === 'SIGTERM' || signal === 'SIGINT') stopped.resolve()
    arrived.resolve()
  }
  for (const signal of handled) process.on(signal, onSignal)
  // Signal handlers alone keep no process alive, and a node may have nothing to listen to.
  const alive = setInterval(() => {}, foreverMs)
  return {
    stopped: stopped.promise,
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = queue.shift()
        if (next) {
          yield next
          continue
        }
        arrived = Promise.withResolvers()
        await arrived.promise
      }
    },
    [Symbol.dispose]: () => {
      clearInterval(alive)
      for (const signal of handled) process.off(signal, onSignal)
    },
  }
}

function onExit(action: () => void): Disposable {
  process.on('exit', action)
  return { [Symbol.dispose]: () => void process.off('exit', action) }
}
