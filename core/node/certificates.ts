import { messageOf } from '#core/base/errors.ts'
import type { CertificateFiles, KongConfig } from '#core/kong/config/kong-config.ts'
import {
  makeCertificate,
  readCertificate,
  type DefaultCertificate,
} from '#core/kong/default-certificate.ts'
import type { Identity } from '#core/model/identity.ts'

/** The default certificates of a node's listeners. */
export interface NodeCertificates {
  readonly proxy: NodeCertificate
  readonly admin: NodeCertificate
  /** Presented to TLS upstreams that ask for one; undefined = none. */
  readonly client: Identity | undefined
  /** Begins to make those that are needed and are not there; `report` hears of a failure. */
  begin(report: (message: string) => void): void
}

interface NodeCertificate extends DefaultCertificate {
  /** Equal origins mean the same certificate. */
  readonly origin: string
}

/**
 * Finds the certificates of a configuration. Those that have not changed since `old` are the very same objects.
 * @throws MeshError `bad-certificate` for a file that the user named.
 */
export async function loadCertificates(
  config: KongConfig,
  old: NodeCertificates | undefined,
): Promise<NodeCertificates> {
  const { prefix, sslCertificate, adminSslCertificate, clientSslCertificate } = config
  const [proxy, admin, client] = await Promise.all([
    load(sslCertificate, { prefix, name: 'kong-default', old: old?.proxy }),
    load(adminSslCertificate, { prefix, name: 'admin-kong-default', old: old?.admin }),
    clientSslCertificate && readCertificate(clientSslCertificate),
  ])
  const needed: DefaultCertificate[] = []
  if (config.streamListen.length > 0 || config.proxyListen.some(({ ssl }) => ssl)) {
    needed.push(proxy)
  }
  if (config.adminListen.some(({ ssl }) => ssl)) needed.push(admin)
  return {
    proxy,
    admin,
    client: await client?.identity,
    begin: (report) => {
      for (const certificate of needed) {
        certificate.begin()
        Promise.resolve(certificate.identity).catch((error: unknown) => {
          report(`the default certificate could not be made: ${messageOf(error)}`)
        })
      }
    },
  }
}

async function load(
  files: CertificateFiles | undefined,
  {
    prefix,
    name,
    old,
  }: {
    readonly prefix: string
    readonly name: 'kong-default' | 'admin-kong-default'
    readonly old: NodeCertificate | undefined
  },
): Promise<NodeCertificate> {
  if (!files) {
    const origin = `made in ${prefix}`
    return old?.origin === origin ? old : { origin, ...makeCertificate(prefix, name) }
  }
  const read = await readCertificate(files)
  const origin = originOf(await read.identity)
  return old?.origin === origin ? old : { origin, ...read }
}

function originOf({ certificate, privateKey }: Identity): string {
  return `${certificate}\n${privateKey}`
}
