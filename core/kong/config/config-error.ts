import { MeshError } from '#core/base/errors.ts'

/** A configuration that cannot be used; the message is every fault on a line of its own. */
export class ConfigError extends MeshError {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super('bad-config', faults.join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}
