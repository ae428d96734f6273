import { isMap, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml'
import { messageOf } from '#lab/run/fault.ts'
import type { Fault } from './describe-issues.ts'

/** A topology file as it was written. */
export interface TopologyText {
  readonly value: unknown
  /** What keeps it from being read at all, with line and column. */
  readonly faults: readonly string[]
  /** Line and column of a fault, `3:7`. */
  readonly locate: (fault: Pick<Fault, 'path' | 'key'>) => string
}

/** Reads YAML, of which JSON is a part. */
export function readTopologyText(text: string): TopologyText {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
  })
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${line}:${col}`
  }
  const { value, faults } = readDocument(document)
  return {
    value,
    faults: faults.map(({ at, message }) => `${place(at)}: ${message}`),
    locate: ({ path, key }) => {
      // What is missing is missed in what is around it.
      for (let length = path.length; length >= 0; length -= 1) {
        const found: unknown =
          length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
        if (key !== undefined && isMap(found)) {
          const pair = found.items.find((item) => isScalar(item.key) && item.key.value === key)
          if (isScalar(pair?.key) && pair.key.range) return place(pair.key.range[0])
        }
        const range = rangeOf(found)
        if (range !== undefined) return place(range)
      }
      return '1:1'
    },
  }
}

function readDocument(document: Document): {
  readonly value?: unknown
  readonly faults: readonly { readonly at: number; readonly message: string }[]
} {
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map(({ pos, code, message }) => ({
        at: pos[0],
        message: code === 'MULTIPLE_DOCS' ? 'a topology is one document, without "---"' : message,
      })),
    }
  }
  try {
    return { value: document.toJS() as unknown, faults: [] }
  } catch (error) {
    // An alias of nothing, or too many of them.
    let at: number | undefined
    visit(document, {
      Alias: (_key, alias) => {
        at ??= alias.resolve(document) === undefined ? rangeOf(alias) : undefined
      },
    })
    return { faults: [{ at: at ?? 0, message: messageOf(error) }] }
  }
}

function rangeOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined
  const { range } = node
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : undefined
}
