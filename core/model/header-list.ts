/** Header fields in order, names as written. Names are compared without regard to case. */
export interface HeaderList extends Iterable<readonly [name: string, value: string]> {
  /** First value. */
  get(name: string): string | undefined
  getAll(name: string): readonly string[]
  has(name: string): boolean
  /** Replaces all fields of this name by one. */
  set(name: string, value: string): void
  /** Adds a field, whatever is there. */
  add(name: string, value: string): void
  remove(name: string): void
}
