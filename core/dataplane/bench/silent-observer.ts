import type { Observer } from '#core/model/observer.ts'

/** Takes no notice of anything. */
export const silentObserver: Observer = {
  accepted: () => {},
  terminatingTls: () => {},
  unrouted: () => {},
  dialing: () => {},
  dialFailed: () => {},
  fault: () => {},
  streamFinished: () => {},
  requestFinished: () => {},
}
