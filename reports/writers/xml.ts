export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly (XmlElement | string)[]
}

export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  children: readonly (XmlElement | string)[] = [],
): XmlElement {
  return { name, attributes, children }
}

/** Renders a document of XML 1.0; characters it cannot hold are written as `\u001b`. */
export function renderXml(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${renderElement(root, '')}\n`
}

function renderElement({ name, attributes, children }: XmlElement, indent: string): string {
  const tag = [
    name,
    ...Object.entries(attributes).map(([key, value]) => `${key}="${escapeAttribute(value)}"`),
  ].join(' ')
  if (children.length === 0) return `${indent}<${tag}/>`
  // Text is kept as it is: indentation would become part of it.
  if (children.some((child) => typeof child === 'string')) {
    const content = children.map((child) =>
      typeof child === 'string' ? escapeText(child) : renderElement(child, ''),
    )
    return `${indent}<${tag}>${content.join('')}</${name}>`
  }
  const lines = children.map((child) =>
    typeof child === 'string' ? child : renderElement(child, `${indent}  `),
  )
  return [`${indent}<${tag}>`, ...lines, `${indent}</${name}>`].join('\n')
}

function escapeText(text: string): string {
  return (
    withoutForbidden(text)
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      // Also keeps `]]>`, which XML forbids in text, from appearing.
      .replaceAll('>', '&gt;')
      .replaceAll('\r', '&#13;')
  )
}

function escapeAttribute(text: string): string {
  // A reader turns bare line ends in an attribute into spaces.
  return escapeText(text)
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\t', '&#9;')
}

function withoutForbidden(text: string): string {
  return text.toWellFormed().replace(
    // oxlint-disable-next-line no-control-regex -- these are the characters XML 1.0 section 2.2 leaves out
    /[\0-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
