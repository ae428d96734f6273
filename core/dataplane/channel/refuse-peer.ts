import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { alertForCertificate, renderPlainAlert, renderSealedAlert } from '#core/tls/fatal-alert.ts'
import type { NetChannel } from './net-channel.ts'

/** Why a peer's certificate is not accepted. */
export class RefusedCertificate extends Error {
  /** Node's name of the fault. */
  readonly code: string | undefined

  constructor(whose: string, reason: string, code?: string) {
    super(`the ${whose}'s certificate was refused: ${reason}`)
    this.name = 'RefusedCertificate'
    this.code = code
  }
}

/** The secrets of a handshake that is under way. */
export class HandshakeSecrets implements Disposable {
  readonly #secured: TLSSocket
  readonly #onSecret: ((name: string) => void) | undefined
  readonly #byName = new Map<string, Buffer>()

  /** @param onSecret is told the name of each one, as in key logs, from inside the handshake. */
  constructor(secured: TLSSocket, onSecret?: (name: string) => void) {
    this.#secured = secured
    this.#onSecret = onSecret
    secured.on('keylog', this.#onKeylog)
  }

  get(name: string): Buffer | undefined {
    return this.#byName.get(name)
  }

  /** Forgets them. */
  [Symbol.dispose](): void {
    this.#secured.off('keylog', this.#onKeylog)
    this.#byName.clear()
  }

  readonly #onKeylog = (line: Buffer): void => {
    const [name = '', , secret = ''] = line.toString('latin1').trim().split(' ')
    this.#byName.set(name, Buffer.from(secret, 'hex'))
    this.#onSecret?.(name)
  }
}

/**
 * Why the peer showed no certificate that the context's authorities signed; undefined = it did. OpenSSL does not look
 * at names. Node has OpenSSL verify certificates but go on whatever comes of it, and does not ask for the result where a
 * TLSSocket was made by hand.
 */
export function certificateFault(
  secured: TLSSocket,
  whose: 'client' | 'server',
): RefusedCertificate | undefined {
  const { _handle: handle }: { _handle?: VerifyingHandle | null } = Object(secured)
  if (typeof handle?.verifyError !== 'function') {
    return new RefusedCertificate(whose, 'Node does not tell whether it was verified')
  }
  const fault = handle.verifyError()
  if (fault) return new RefusedCertificate(whose, fault.message.split(';')[0]!, fault.code)
  // A resumed session counts as verified, whether or not there ever was a certificate.
  if (secured.isSessionReused()) return new RefusedCertificate(whose, 'it was not shown again')
  if (secured.getPeerX509Certificate() === undefined) {
    return new RefusedCertificate(whose, 'there is none')
  }
  return undefined
}

interface VerifyingHandle {
  readonly verifyError?: () => (Error & { readonly code?: string }) | null | undefined
}

/**
 * Tells the peer by a fatal alert why its certificate is not accepted, and ends the connection. To be called inside the
 * handshake, before OpenSSL's own last bytes of it are sent: the alert takes their place.
 * @param secretName of the traffic secret that nothing was sent under yet; for TLS 1.3.
 */
export function refusePeer(
  secured: TLSSocket,
  transport: Socket,
  refused: {
    readonly fault: RefusedCertificate
    readonly secrets: HandshakeSecrets
    readonly secretName: string
  },
): void {
  const description = alertForCertificate(refused.fault.code)
  const alert =
    secured.getProtocol() === 'TLSv1.3'
      ? renderSealedAlert(description, {
          suite: secured.getCipher().standardName,
          secret: refused.secrets.get(refused.secretName),
        })
      : renderPlainAlert(description)
  if (alert !== undefined) transport.write(alert)
  transport.end()
}

/** Tells a client by a fatal alert, in place of an answer to its ClientHello, why there is none. Uses the channel up. */
export function refuseClient(channel: NetChannel, alert: number): void {
  const { socket } = channel.detach()
  // It is given up: its later errors concern nobody.
  socket.on('error', () => {})
  socket.end(renderPlainAlert(alert))
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(timer))
}

/** A reset must not overtake the alert. */
const lingerMs = 1000
