import { readdirSync } from 'node:fs'

/** Every process that this one sees, by its number. */
export function processIds(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}
