import { MeshError } from '#core/base/errors.ts'
import type { Faults } from '#core/kong/schema/faults.ts'
import { renderDeclarativeFaults } from './render-faults.ts'

/** A declarative configuration that cannot be used; the message lists every fault with its place. */
export class DeclarativeError extends MeshError {
  /** One sentence about the whole text, or what is wrong with its parts, in its shape: for programs. */
  readonly detail: string | Faults

  constructor(detail: string | Faults, options?: ErrorOptions) {
    const message = typeof detail === 'string' ? detail : renderDeclarativeFaults(detail)
    super('bad-declarative-config', message, options)
    this.name = 'DeclarativeError'
    this.detail = detail
  }
}
