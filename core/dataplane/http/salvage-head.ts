import { headerFields } from '#core/codec/http1-header-field.ts'
import { noBody } from '#core/codec/http1-message.ts'
import type { RequestHead } from '#core/codec/http1-request-head.ts'

const fieldLine = /^([\w!#$%&'*+.^`|~-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/

/**
 * What can be made out of a head that was refused: enough to answer it and to log it. It is never forwarded. Lines
 * count up to the first that did not come whole, is malformed or too long.
 */
export function salvageHead(
  line: string,
  text: string,
  { maxLineBytes }: { readonly maxLineBytes: number },
): RequestHead {
  const fields = headerFields([...readLines(text, maxLineBytes)])
  const [method = '', target = ''] = line.split(' ')
  const queryStart = target.indexOf('?')
  return {
    line,
    method,
    path: queryStart === -1 ? target : target.slice(0, queryStart),
    query: queryStart === -1 ? '' : target.slice(queryStart),
    targetScheme: undefined,
    authority: fields.find(({ key }) => key === 'host')?.value,
    minorVersion: 1,
    fields,
    framing: noBody,
    connectionOptions: [],
    persistent: false,
  }
}

function* readLines(text: string, maxLineBytes: number): Iterable<readonly [string, string]> {
  const [start = '', ...lines] = text.replace(/^(?:\r\n)+/, '').split('\r\n')
  if (start.length > maxLineBytes) return
  for (const line of lines.slice(0, -1)) {
    const [, name, value] = fieldLine.exec(line) ?? []
    if (name === undefined || line.length > maxLineBytes) return
    yield [name, value!.trimEnd()]
  }
}
