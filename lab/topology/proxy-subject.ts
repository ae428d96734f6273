import { isAbsolute, resolve } from 'node:path'
import { LabError } from '#lab/run/lab-error.ts'

/**
 * Which Kong the proxies and control planes of a lab are. One that is not the product's own is taken as Kong 1.1 is known:
 * its settings are `KONG_*` variables, and its store is PostgreSQL.
 */
export type ProxySubject =
  | { readonly kind: 'core' }
  | { readonly kind: 'command'; readonly program: string }
  | { readonly kind: 'image'; readonly image: string }

/** What a lab's opener names, else MESHYARD_PROXY, else the product's own. @throws LabError for what names none. */
export function chooseProxy(
  named: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): ProxySubject {
  const text = named ?? (environment['MESHYARD_PROXY'] || 'core')
  if (text === 'core') return { kind: 'core' }
  const [, kind, value] = /^(command|image):(.+)$/s.exec(text) ?? []
  if (kind === 'command' && value !== undefined) {
    return { kind, program: isAbsolute(value) ? value : resolve(value) }
  }
  if (kind === 'image' && value !== undefined) return { kind, image: value }
  const where = named === undefined ? ' in MESHYARD_PROXY' : ''
  throw new LabError(
    `"${text}"${where} is no proxy: use core, command:/path/to/kong or image:REFERENCE.`,
  )
}

/** As `chooseProxy` takes it. */
export function renderProxy(subject: ProxySubject): string {
  if (subject.kind === 'core') return 'core'
  return subject.kind === 'command' ? `command:${subject.program}` : `image:${subject.image}`
}
