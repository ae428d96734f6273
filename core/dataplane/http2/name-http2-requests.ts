import type { Observer } from '#core/model/observer.ts'

/** An observer that hears of requests under the version in which they came, and not in which they were served. */
export function nameHttp2Requests(observer: Observer): Observer {
  return {
    accepted: (...told) => observer.accepted(...told),
    terminatingTls: (...told) => observer.terminatingTls(...told),
    unrouted: (...told) => observer.unrouted(...told),
    dialing: (...told) => observer.dialing(...told),
    dialFailed: (...told) => observer.dialFailed(...told),
    fault: (...told) => observer.fault(...told),
    streamFinished: (...told) => observer.streamFinished(...told),
    requestFinished: (record) => {
      const requestLine = record.requestLine.replace(/ HTTP\/1\.1$/, ' HTTP/2.0')
      observer.requestFinished({ ...record, requestLine })
    },
  }
}
