import type { Changes } from './change.ts'

interface Part {
  readonly name: string | undefined
  /** Head and content, one character for each byte. */
  readonly text: string
}

/**
 * Changes the fields of a `multipart/form-data` body (RFC 7578); what is not changed stays as it is written. Returns
 * undefined when the body is not in that format.
 */
export function changeMultipart(
  body: Buffer,
  contentType: string,
  changes: Changes,
): Buffer | undefined {
  const [, quoted, plain] =
    /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? []
  const boundary = quoted ?? plain
  const parts = boundary === undefined ? undefined : parseParts(body.toString('latin1'), boundary)
  if (boundary === undefined || parts === undefined) return undefined
  const changed = changeParts(parts, changes)
  const written = changed.map((part) => `--${boundary}\r\n${part.text}\r\n`).join('')
  return Buffer.from(`${written}--${boundary}--\r\n`, 'latin1')
}

function changeParts(parts: readonly Part[], changes: Changes): readonly Part[] {
  let list = [...parts]
  const has = (name: string): boolean => list.some((part) => part.name === name)
  const removed = (name: string): Part[] => list.filter((part) => part.name !== name)
  for (const { name } of changes.remove) list = removed(name)
  for (const { name, value: newName } of changes.rename) {
    if (newName === undefined || newName === name || !has(name)) continue
    list = removed(newName).map((part) => (part.name === name ? renamed(part, newName) : part))
  }
  for (const { name, value } of changes.replace) {
    if (!has(name)) continue
    const at = list.findIndex((part) => part.name === name)
    list = removed(name)
    if (value !== undefined) list.splice(at, 0, simplePart(name, value))
  }
  for (const { name, value } of changes.add) {
    if (value !== undefined && !has(name)) list.push(simplePart(name, value))
  }
  for (const { name, value } of changes.append) {
    if (value !== undefined) list.push(simplePart(name, value))
  }
  return list
}

function parseParts(text: string, boundary: string): Part[] | undefined {
  const delimiter = `\r\n--${boundary}`
  const [, ...pieces] = `\r\n${text}`.split(delimiter)
  const end = pieces.findIndex((piece) => piece.startsWith('--'))
  if (end === -1) return undefined
  return pieces.slice(0, end).map((piece) => {
    // White space may follow a boundary.
    const part = piece.replace(/^[ \t]*\r\n/, '')
    return { name: nameOf(part), text: part }
  })
}

const nameParameter =
  /(^content-disposition:\s*form-data[^\r\n]*;\s*name=)(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/im

function nameOf(part: string): string | undefined {
  const [, , quoted, plain] = nameParameter.exec(headOf(part)) ?? []
  const name = quoted?.replace(/\\(.)/g, '$1') ?? plain
  return name === undefined ? undefined : Buffer.from(name, 'latin1').toString('utf8')
}

function renamed({ text }: Part, name: string): Part {
  const head = headOf(text)
  const newHead = head.replace(nameParameter, (_, before: string) => before + quote(name))
  return { name, text: newHead + text.slice(head.length) }
}

function headOf(part: string): string {
  const end = part.indexOf('\r\n\r\n')
  return end === -1 ? part : part.slice(0, end)
}

function simplePart(name: string, value: string): Part {
  const content = Buffer.from(value).toString('latin1')
  return { name, text: `Content-Disposition: form-data; name=${quote(name)}\r\n\r\n${content}` }
}

function quote(name: string): string {
  return `"${Buffer.from(name).toString('latin1').replace(/["\\]/g, '\\$&')}"`
}
