import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const files = ['kong-default.key', 'kong-default.crt'] as const

let known: readonly Buffer[] | undefined

/**
 * Puts the default certificate that the first node of this process has made into the prefix of another, which then makes
 * none: that takes most of its start.
 */
export async function placeDefaultCertificate(prefix: string): Promise<void> {
  if (known === undefined) return
  const folder = join(prefix, 'ssl')
  await mkdir(folder, { recursive: true })
  for (const [index, name] of files.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- two
    await writeFile(join(folder, name), known[index] ?? '', { mode: 0o600 })
  }
}

/** Keeps what a node has made at its start. */
export async function keepDefaultCertificate(prefix: string): Promise<void> {
  if (known !== undefined) return
  const read = await Promise.allSettled(files.map((name) => readFile(join(prefix, 'ssl', name))))
  const found = read.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  if (found.length === files.length) known = found
}
