import { plainRecord } from './plain-record.ts'

/** What is wrong with one value: a sentence, or what is wrong with its parts. */
export type Fault = string | Faults | readonly (Fault | null)[]

/**
 * What is wrong with a record, by field, in the shape of the record: elements of lists keep their positions. Faults of
 * the record as a whole are a list under `@entity`.
 */
export interface Faults {
  readonly [field: string]: Fault
}

/** Collects the faults of one record. */
export class FaultList {
  readonly #byField = plainRecord<Fault>()
  readonly #whole: string[] = []

  /** Blames a field, given as a path; a second fault of the same field replaces the first. */
  field(path: string, fault: Fault): void {
    const names = path.split('.')
    let faults = this.#byField
    for (const name of names.slice(0, -1)) {
      const inner = faults[name]
      const next = plainRecord<Fault>(isFaults(inner) ? Object.entries(inner) : [])
      faults[name] = next
      faults = next
    }
    faults[names.at(-1) ?? path] = fault
  }

  /** Blames a field whose name may contain dots. */
  fieldNamed(name: string, fault: Fault): void {
    this.#byField[name] = fault
  }

  whole(fault: string): void {
    this.#whole.push(fault)
  }

  /** Whether a field, given as a path, has a fault, or a part of it, or the record it is in as a whole. */
  blames(path: string): boolean {
    let fault: Fault | undefined = this.#byField
    for (const name of path.split('.')) {
      if (!isFaults(fault)) return fault !== undefined
      fault = Object.hasOwn(fault, name) ? fault[name] : undefined
    }
    return fault !== undefined
  }

  /** All faults, or undefined when there are none. */
  found(): Faults | undefined {
    if (this.#whole.length > 0) this.#byField['@entity'] = this.#whole
    return Object.keys(this.#byField).length > 0 ? this.#byField : undefined
  }
}

/** Kong 1.1's sentence for faults, such as `schema violation (port: expected an integer)`. */
export function renderSchemaViolation(faults: Faults): string {
  const lines = [...renderFaults(faults, '')]
  return lines.length === 1
    ? `schema violation (${lines[0]})`
    : `${lines.length} schema violations (${lines.join('; ')})`
}

function* renderFaults(faults: Faults, path: string): Generator<string> {
  const whole = faults['@entity']
  if (Array.isArray(whole)) {
    for (const fault of whole) yield path === '' ? String(fault) : `${path}: ${String(fault)}`
  }
  for (const field of Object.keys(faults).toSorted()) {
    const fault = faults[field]
    if (field === '@entity' || fault === undefined) continue
    yield* renderFault(fault, path === '' ? field : `${path}.${field}`)
  }
}

function* renderFault(fault: Fault, path: string): Generator<string> {
  if (typeof fault === 'string') {
    yield `${path}: ${fault}`
  } else if (isFaults(fault)) {
    yield* renderFaults(fault, path)
  } else {
    for (const [index, element] of fault.entries()) {
      if (element !== null) yield* renderFault(element, `${path}.${index + 1}`)
    }
  }
}

function isFaults(fault: Fault | undefined): fault is Faults {
  return typeof fault === 'object' && !Array.isArray(fault)
}
