import type { Fault, Faults } from '#core/kong/schema/faults.ts'
import { isList } from './fault-tree.ts'

/** Kong 1.1's indented list of what is wrong with a declarative configuration; entries are counted from 1. */
export function renderDeclarativeFaults(faults: Faults): string {
  return [...linesOf(faults, '')].join('\n')
}

function* linesOf(faults: Faults, indent: string): Generator<string> {
  for (const [name, fault] of Object.entries(faults)) {
    yield* linesOfPlace(fault, `in '${name}'`, name, indent)
  }
}

function* linesOfPlace(
  fault: Fault,
  place: string,
  list: string,
  indent: string,
): Generator<string> {
  if (typeof fault === 'string') {
    yield `${indent}${place}: ${fault}`
  } else if (isList(fault)) {
    yield `${indent}${place}:`
    for (const [index, element] of fault.entries()) {
      if (element === null) continue
      yield* linesOfPlace(element, `- in entry ${index + 1} of '${list}'`, list, `${indent}  `)
    }
  } else {
    yield `${indent}${place}:`
    yield* linesOf(fault, `${indent}  `)
  }
}
