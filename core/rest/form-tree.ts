import type { Pair } from './urlencoded.ts'

/**
 * Builds the object that the names of form arguments describe. Dots descend into objects, `[1]` into lists (from 1,
 * with gaps closed), `[]` appends, and a repeated name makes a list: `destinations[1].ip=…`, `hosts[]=…`, `config.a=…`.
 */
export function buildFormTree(pairs: readonly Pair[]): Record<string, unknown> {
  const root = new Branch()
  for (const { name, value } of pairs) root.put(parseName(name), value)
  return root.object()
}

type Step = { readonly name: string } | { readonly index: number } | { readonly append: true }

/** Deeper and longer names are taken literally: no schema has such fields. */
const deepest = 16
const longest = 256

function parseName(name: string): readonly Step[] {
  // A name that begins or ends with a dot is no path.
  if (name.length > longest || /^\.|\.$/.test(name)) return [{ name }]
  const steps: Step[] = []
  for (const part of name.split('.', deepest + 1)) {
    if (part === '') continue
    const [, base = part, brackets = ''] = /^([^]+?)((?:\[\d*\])*)$/.exec(part) ?? []
    steps.push({ name: base })
    for (const [, digits = ''] of brackets.matchAll(/\[(\d*)\]/g)) {
      steps.push(digits === '' ? { append: true } : { index: Number(digits) })
    }
    if (steps.length > deepest) return [{ name }]
  }
  return steps
}

/** One place in the tree while it grows: any mixture of values, list elements and fields. */
class Branch {
  readonly #values: unknown[] = []
  readonly #elements = new Map<number, Branch>()
  readonly #fields = new Map<string, Branch>()
  #isList = false

  put(steps: readonly Step[], value: unknown): void {
    const [step, ...rest] = steps
    if (step === undefined) {
      this.#values.push(value)
    } else if ('name' in step) {
      child(this.#fields, step.name).put(rest, value)
    } else if ('index' in step) {
      this.#isList = true
      child(this.#elements, step.index).put(rest, value)
    } else {
      this.#isList = true
      // `x[]=a` appends; `x[].y=a` cannot tell elements apart and means the first one.
      if (rest.length === 0) this.#values.push(value)
      else child(this.#elements, 1).put(rest, value)
    }
  }

  object(): Record<string, unknown> {
    const object: Record<string, unknown> = Object.create(null)
    for (const [name, branch] of this.#fields) object[name] = branch.#resolve()
    return object
  }

  #resolve(): unknown {
    const elements = [...this.#elements].toSorted(([a], [b]) => a - b)
    const items = [...elements.map(([, branch]) => branch.#resolve()), ...this.#values]
    if (this.#fields.size === 0) return this.#isList || items.length > 1 ? items : items[0]
    // Fields and elements in one place fit no schema: the positions show up as unknown fields.
    const object = this.object()
    for (const [index, item] of items.entries()) object[String(index + 1)] = item
    return object
  }
}

function child<key>(branches: Map<key, Branch>, key: key): Branch {
  const branch = branches.get(key) ?? new Branch()
  branches.set(key, branch)
  return branch
}
