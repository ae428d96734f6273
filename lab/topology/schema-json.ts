import { z } from 'zod'
import { topologySchema } from './topology-schema.ts'

/** The JSON schema of topology files, for editors and for other tools. */
export function topologyJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    title: 'A topology of Meshyard',
    ...z.toJSONSchema(topologySchema, { io: 'input', unrepresentable: 'any' }),
  }
}

/** Every field that a topology file can have, wherever. */
export function fieldNames(): readonly string[] {
  return (found ??= findFieldNames())
}

let found: readonly string[] | undefined

function findFieldNames(): readonly string[] {
  const names = new Set<string>()
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    if ('properties' in value && typeof value.properties === 'object') {
      for (const name of Object.keys(value.properties ?? {})) names.add(name)
    }
    for (const each of Object.values(value)) collect(each)
  }
  collect(topologyJsonSchema())
  return [...names]
}
