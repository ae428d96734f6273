import type { Endpoint } from './exchange.ts'

export interface Found {
  readonly endpoint: Endpoint
  readonly parameters: Readonly<Record<string, string>>
}

/** Finds endpoints by path. Where a literal segment and a `:name` both fit, the literal one wins. */
export class Router {
  readonly #root = new Node()

  constructor(endpoints: readonly Endpoint[]) {
    for (const endpoint of endpoints) {
      let node = this.#root
      const names: string[] = []
      for (const segment of segmentsOf(endpoint.path)) {
        if (segment.startsWith(':')) names.push(segment.slice(1))
        node = node.child(segment.startsWith(':') ? undefined : segment)
      }
      node.target = { endpoint, names }
    }
  }

  /** Segments are compared decoded. */
  find(segments: readonly string[]): Found | undefined {
    return this.#root.find(segments, 0, [])
  }
}

class Node {
  target: { readonly endpoint: Endpoint; readonly names: readonly string[] } | undefined
  readonly #literal = new Map<string, Node>()
  #parameter: Node | undefined

  child(literal: string | undefined): Node {
    if (literal === undefined) return (this.#parameter ??= new Node())
    const node = this.#literal.get(literal) ?? new Node()
    this.#literal.set(literal, node)
    return node
  }

  find(segments: readonly string[], depth: number, values: readonly string[]): Found | undefined {
    const segment = segments[depth]
    if (segment === undefined) {
      if (this.target === undefined) return undefined
      const entries = this.target.names.map((name, index) => [name, values[index] ?? ''] as const)
      return { endpoint: this.target.endpoint, parameters: Object.fromEntries(entries) }
    }
    return (
      this.#literal.get(segment)?.find(segments, depth + 1, values) ??
      this.#parameter?.find(segments, depth + 1, [...values, segment])
    )
  }
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '')
}
