import { closeSync, openSync, writeSync } from 'node:fs'
import { UsageError, type Console } from '#lab/cli/command.ts'
import { listenForInterruption } from '#lab/cli/interruption.ts'
import { findTarget, nameOption, parseArguments } from '#lab/cli/parse-arguments.ts'
import { endAfter } from '#lab/cli/parse-seconds.ts'
import { whenReaderGone } from '#lab/cli/reader-gone.ts'
import { findLab } from '#lab/cli/running-lab.ts'
import { listLinks } from '#lab/live/watch-links.ts'
import { writeCapture } from '#lab/live/write-capture.ts'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { keyLogFile } from '#lab/topology/plan.ts'

/**
 * `meshyard capture [LINK] [-w FILE|-] [--decrypt] [--for SECONDS] [--name NAME]`: the packets of all links, or of one, as
 * one pcapng file that grows while it runs; TLS secrets are in it where the lab logs them. 0 when it was told to end.
 */
export async function capture(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: {
      ...nameOption,
      write: { type: 'string', short: 'w' },
      decrypt: { type: 'boolean', default: false },
      for: { type: 'string' },
    },
    positionals: 1,
  })
  const target = findTarget(values.name, console)
  const ending = endAfter(values.for)
  const file = values.write ?? `${target.name}.pcapng`
  const toStdout = file === '-'
  if (toStdout && process.stdout.isTTY && console.stdout === process.stdout) {
    throw new UsageError('Packets are not for a terminal: pipe them on, or write them to a file.')
  }
  const { plan } = findLab(target, console)
  if (values.decrypt && plan.environment['SSLKEYLOGFILE'] === undefined) {
    throw new LabError(
      `The lab ${target.name} does not log its TLS secrets: bring it up with --key-log, and they are in ${keyLogFile} and in captures.`,
    )
  }
  // Before a file is opened, which empties one that is there.
  listLinks(plan, positionals[0])
  const { stderr } = console
  using interruption = listenForInterruption()
  using sink = toStdout ? openStream(console) : openFile(file)
  const signal = AbortSignal.any([
    interruption.signal,
    sink.gone,
    ...(ending === undefined ? [] : [ending]),
  ])
  const { packets, secrets } = await writeCapture({
    plan,
    link: positionals[0],
    signal,
    write: sink.write,
    onReady: (links) => {
      const until = values.for === undefined ? 'Ctrl-C' : `${values.for} s`
      stderr.write(`Capturing on ${links.map(({ link }) => link).join(', ')} until ${until}.\n`)
    },
  })
  // Why nobody takes it; nothing of the kind where the reader has just ended.
  const { aborted, reason }: { aborted: boolean; reason: unknown } = sink.gone
  if (aborted && reason instanceof LabError) throw reason
  const where = toStdout ? '' : ` are in ${file}`
  stderr.write(`${packets} packets and ${secrets} lines of TLS secrets${where}.\n`)
  return 0
}

interface Sink extends Disposable {
  readonly write: (bytes: Uint8Array) => void
  /** Nobody takes it any more. */
  readonly gone: AbortSignal
}

function openFile(file: string): Sink {
  let fd: number
  try {
    fd = openSync(file, 'w')
  } catch (error) {
    throw new LabError(`Cannot write ${file}: ${messageOf(error)}`)
  }
  const gone = new AbortController()
  return {
    write: (bytes) => {
      if (gone.signal.aborted) return
      try {
        for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written)
      } catch (error) {
        gone.abort(new LabError(`Cannot write ${file}: ${messageOf(error)}`))
      }
    },
    gone: gone.signal,
    [Symbol.dispose]: () => {
      closeSync(fd)
    },
  }
}

function openStream({ stdout }: Console): Sink {
  const gone = whenReaderGone(stdout)
  return {
    write: (bytes) => {
      if (!gone.aborted) stdout.write(bytes)
    },
    gone,
    // What is still to be written may fail later.
    [Symbol.dispose]: () => {},
  }
}
