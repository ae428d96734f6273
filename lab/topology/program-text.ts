import { tsPlugin } from '@sveltejs/acorn-typescript'
import { Parser, type AnyNode, type Program } from 'acorn'
import { LineCounter } from 'yaml'
import type { Fault } from './describe-issues.ts'

const TypeScript = Parser.extend(tsPlugin())
/** What may stand around a value and says only of what type it is. */
const typed: ReadonlySet<string> = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
])
/** Deeper than variables lead from one to the next in any topology. */
const mostVariables = 20

/** Line and column of a fault in a topology written in TypeScript, `3:7`: where it, or what is around it, is written out. */
export function locateInProgram(text: string): (fault: Pick<Fault, 'path' | 'key'>) => string {
  const lines = new LineCounter()
  for (const { index } of text.matchAll(/^/gm)) lines.addNewLine(index)
  const program = TypeScript.parse(text, { ecmaVersion: 'latest', sourceType: 'module' })
  const written = new Variables(program)
  return ({ path, key }) => {
    let here = written.valueOf(defaultExport(program))
    let at = here?.start ?? 0
    for (const step of path) {
      const next = stepInto(here, step)
      at = next?.start ?? at
      here = written.valueOf(next)
    }
    const { line, col } = lines.linePos(
      (key === undefined ? undefined : findField(here, key)?.start) ?? at,
    )
    return `${line}:${col}`
  }
}

/** What the variables of a module begin with. */
class Variables {
  readonly #values: ReadonlyMap<string, AnyNode>

  constructor({ body }: Program) {
    const declared = body.map((statement) =>
      statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement,
    )
    this.#values = new Map(
      declared
        .flatMap((statement) =>
          statement?.type === 'VariableDeclaration' ? statement.declarations : [],
        )
        .flatMap(({ id, init }) => (id.type === 'Identifier' && init ? [[id.name, init]] : [])),
    )
  }

  /** What is written where a value comes from: behind a variable, and in `defineTopology(…)`. */
  valueOf(node: AnyNode | undefined): AnyNode | undefined {
    let value = withoutType(node)
    for (let count = 0; count < mostVariables; count += 1) {
      if (value?.type === 'Identifier') value = withoutType(this.#values.get(value.name))
      else if (value?.type === 'CallExpression' && isDefinition(value.callee)) {
        value = withoutType(value.arguments[0])
      } else break
    }
    return value
  }
}

function withoutType(node: AnyNode | undefined): AnyNode | undefined {
  let value = node
  while (value !== undefined && typed.has(value.type) && 'expression' in value) {
    if (typeof value.expression !== 'object') break
    value = value.expression
  }
  return value
}

function isDefinition(callee: AnyNode): boolean {
  return callee.type === 'Identifier' && callee.name === 'defineTopology'
}

function defaultExport({ body }: Program): AnyNode | undefined {
  return body.find((statement) => statement.type === 'ExportDefaultDeclaration')?.declaration
}

/** Of what is computed, spread or behind something spread only the place is known. */
function stepInto(node: AnyNode | undefined, step: PropertyKey): AnyNode | undefined {
  if (typeof step !== 'number') return findField(node, String(step))?.value
  if (node?.type !== 'ArrayExpression') return undefined
  const before = node.elements.slice(0, step + 1)
  if (before.some((element) => element?.type === 'SpreadElement')) return undefined
  return before[step] ?? undefined
}

function findField(node: AnyNode | undefined, name: string) {
  if (node?.type !== 'ObjectExpression') return undefined
  return node.properties
    .filter((property) => property.type === 'Property')
    .findLast(({ key, computed }) => {
      if (computed) return false
      return key.type === 'Identifier'
        ? key.name === name
        : key.type === 'Literal' && key.value === name
    })
}
