import type { LabEvent } from '#lab/holder/messages.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { count } from './count.ts'
import type { Output } from './command.ts'

/**
 * Tells how far a lab is while it comes up: a line for each thing that is done; on a terminal, nodes share one line, which
 * stands as long as some are missing.
 */
export function openProgress(topology: Topology, stdout: Output): (event: LabEvent) => void {
  const isTerminal = 'isTTY' in stdout && stdout.isTTY === true
  if (!isTerminal) return (event) => void stdout.write(renderEvent(event, topology))
  const total = topology.nodes.filter(({ processes }) => processes.length > 0).length
  let ready = 0
  return (event) => {
    if (event.kind !== 'node') {
      stdout.write(renderEvent(event, topology))
      return
    }
    ready += 1
    const line = `  nodes: ${ready} of ${total} ready${after(event)}, last ${event.node}`
    // Over the line of the node before; each ends, so that an error begins on a line of its own.
    stdout.write(`${ready === 1 ? '' : '\u001B[1A\r\u001B[K'}${line}\n`)
  }
}

function renderEvent(event: LabEvent, { namespaces, links }: Topology): string {
  switch (event.kind) {
    case 'network':
      return `  network: ${count(namespaces, 'namespace')}, ${count(links, 'link')}${after(event)}\n`
    case 'node':
      return `  ${event.node}: ready${after(event)}\n`
    case 'progress':
      return `  ${event.text}\n`
    case 'ready':
    case 'failed':
    default:
      return ''
  }
}

function after({ afterMs }: { readonly afterMs: number }): string {
  return ` after ${(afterMs / 1000).toFixed(2)} s`
}
