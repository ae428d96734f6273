import type { Console, Output } from '#lab/cli/command.ts'
import { listenForInterruption } from '#lab/cli/interruption.ts'
import { parseFormat } from '#lab/cli/output-format.ts'
import { paint, type Colour } from '#lab/cli/paint.ts'
import { findTarget, nameOption, parseArguments } from '#lab/cli/parse-arguments.ts'
import { endAfter } from '#lab/cli/parse-seconds.ts'
import { whenReaderGone } from '#lab/cli/reader-gone.ts'
import { findLab, findNode } from '#lab/cli/running-lab.ts'
import type { SeenEvent } from '#lab/live/seen-event.ts'
import { tap as tapLab } from '#lab/live/tap.ts'

/**
 * `meshyard tap [NODE] [--link LINK] [--for SECONDS] [-o table|json] [--name NAME]`: requests and connections as the packets
 * show them, a line each, while it runs. 0 when it was told to end.
 */
export async function tap(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: {
      ...nameOption,
      link: { type: 'string' },
      for: { type: 'string' },
      output: { type: 'string', short: 'o', default: 'table' },
    },
    positionals: 1,
  })
  const output = parseFormat(values.output, ['table', 'json'])
  const ending = endAfter(values.for)
  const lab = findLab(findTarget(values.name, console), console)
  const [wanted] = positionals
  const node = wanted === undefined ? undefined : findNode(lab, wanted).name
  const { stdout, stderr } = console
  using interruption = listenForInterruption()
  await tapLab({
    plan: lab.plan,
    node,
    link: values.link,
    signal: AbortSignal.any([
      interruption.signal,
      whenReaderGone(stdout),
      ...(ending === undefined ? [] : [ending]),
    ]),
    onReady: (links) => {
      stderr.write(`Watching ${links.map(({ link }) => link).join(', ')}.\n`)
    },
    onEvent: (event) => {
      stdout.write(output === 'json' ? `${JSON.stringify(event)}\n` : renderEvent(event, stdout))
    },
  })
  return 0
}

const securities: Readonly<Record<SeenEvent['security'], readonly [string, Colour]>> = {
  none: ['-', 'dim'],
  plaintext: ['plain', 'yellow'],
  tls: ['TLS', 'cyan'],
  'mutual-tls': ['mTLS', 'green'],
  'unknown-tls': ['TLS?', 'cyan'],
}

/** Columns of a width of their own: nobody knows what comes next. */
function renderEvent(event: SeenEvent, stream: Output): string {
  const { at, from, to, link, dialled, security, serverName, request } = event
  const [name, colour] = securities[security]
  const what =
    request === undefined
      ? renderConnection(event)
      : `${request.method} ${request.path} ${renderStatus(request.status, stream)}`
  const cells = [
    paint('dim', at.slice(11, 23), stream),
    `${from} → ${to}`.padEnd(28),
    link.padEnd(10),
    paint(colour, name.padEnd(5), stream),
    what,
    `${event.durationMs.toFixed(1)} ms`,
    paint('dim', serverName === undefined ? dialled : `${dialled} ${serverName}`, stream),
  ]
  return `${cells.join('  ')}\n`
}

function renderConnection({ connection }: SeenEvent): string {
  if (connection === undefined) return '-'
  const { outcome, bytesToServer, bytesToClient } = connection
  return `connection ${outcome}, ${bytesToServer} B out, ${bytesToClient} B back`
}

function renderStatus(status: number | undefined, stream: Output): string {
  if (status === undefined) return paint('red', 'unanswered', stream)
  return paint(status < 400 ? 'green' : status < 500 ? 'yellow' : 'red', String(status), stream)
}
