import { UsageError, type Console } from '#lab/cli/command.ts'
import { findTarget, nameOption, parseArguments } from '#lab/cli/parse-arguments.ts'
import { findLab } from '#lab/cli/running-lab.ts'
import { compileGraph, type Graph, type GraphSource } from '#lab/graph/compile-graph.ts'
import { renderDot } from '#lab/graph/render-dot.ts'
import { renderMermaid } from '#lab/graph/render-mermaid.ts'
import { renderSvg } from '#lab/graph/render-svg.ts'
import { renderText } from '#lab/graph/render-text.ts'
import { findTopology } from '#lab/topology/find-topology.ts'
import type { LabPlan } from '#lab/topology/plan.ts'

const renderers: Readonly<Record<string, (graph: Graph) => string>> = {
  text: renderText,
  mermaid: renderMermaid,
  dot: renderDot,
  svg: renderSvg,
  json: (drawn) => `${JSON.stringify(drawn, undefined, 2)}\n`,
}

/** `meshyard graph [TOPOLOGY | --name LAB] [-o text|mermaid|dot|svg|json]`: what is connected with what. */
export async function graph(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: { ...nameOption, output: { type: 'string', short: 'o', default: 'text' } },
    positionals: 1,
  })
  const render = Object.hasOwn(renderers, values.output) ? renderers[values.output] : undefined
  if (render === undefined) {
    const formats = Object.keys(renderers).join(', ')
    throw new UsageError(`"${values.output}" is no output format: use one of ${formats}.`)
  }
  const [named] = positionals
  if (named !== undefined && values.name !== undefined) {
    throw new UsageError('Name a topology or a lab, not both.')
  }
  const source =
    values.name === undefined
      ? await findTopology(named)
      : sourceOf(findLab(findTarget(values.name, console), console).plan)
  console.stdout.write(render(compileGraph(source)))
  return 0
}

function sourceOf({ topology, network, nodes, interception }: LabPlan): GraphSource {
  const { namespaces, links } = network
  return { name: topology, summary: '', namespaces, links, nodes, interception }
}
