import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import { Outbox, type OutboxOptions } from './outbox.ts'

/**
 * Opens an outbox for one plugin entity. It is retired with the entity, and a node that stops waits until all of its
 * outboxes are empty, or out of patience.
 */
export function openOutbox(host: PluginHost, options: Omit<OutboxOptions, 'log'>): Outbox {
  const outbox = new Outbox({ ...options, log: (level, message) => host.log(level, message) })
  const open = host.keep('log-record/outboxes', () => new Outboxes())
  open.add(outbox)
  const retire = (): void => {
    void outbox[Symbol.asyncDispose]().then(() => open.delete(outbox))
  }
  if (host.retired.aborted) retire()
  else host.retired.addEventListener('abort', retire, { once: true })
  return outbox
}

class Outboxes extends Set<Outbox> implements AsyncDisposable {
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this].map((outbox) => outbox[Symbol.asyncDispose]()))
  }
}
