/** A fenced code block of a Markdown page (CommonMark 4.5). */
export interface Fence {
  /** Line of its first content line, counted from 1. */
  readonly line: number
  /** What stands behind the opening fence. */
  readonly info: string
  readonly content: readonly string[]
  /** The HTML comment right before it, which a rendered page hides. */
  readonly note?: string
}

/** Finds the fenced blocks of a page, in order; what an HTML comment hides is not part of the page. */
export function findFences(markdown: string): Fence[] {
  const lines = markdown.split(/\r?\n/)
  const fences: Fence[] = []
  let inComment = false
  let comment: string[] = []
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (inComment || /^ {0,3}<!--/.test(line)) {
      comment = inComment ? [...comment, line] : [line]
      inComment = !line.includes('-->')
      continue
    }
    const opening = parseOpening(line)
    if (opening === undefined) {
      if (line.trim() !== '') comment = []
      continue
    }
    const end = findClosing(lines, index + 1, opening.fence)
    fences.push({
      line: index + 2,
      info: opening.info,
      content: lines.slice(index + 1, end).map((text) => dedent(text, opening.indent)),
      ...(comment.length > 0 && {
        note: comment
          .join(' ')
          .replaceAll(/<!--|-->/g, '')
          .trim(),
      }),
    })
    comment = []
    index = end
  }
  return fences
}

function parseOpening(line: string): { indent: number; fence: string; info: string } | undefined {
  const [, indent = '', fence, info = ''] = /^( {0,3})(`{3,}|~{3,})(.*)$/.exec(line) ?? []
  if (fence === undefined) return undefined
  // A backtick behind backticks makes it a code span within a paragraph.
  if (fence.startsWith('`') && info.includes('`')) return undefined
  return { indent: indent.length, fence, info: info.trim() }
}

/** The line of the closing fence; a block that is never closed goes on to the end of the page. */
function findClosing(lines: readonly string[], start: number, fence: string): number {
  const found = lines.findIndex((line, index) => index >= start && isClosing(line, fence))
  return found === -1 ? lines.length : found
}

function isClosing(line: string, opening: string): boolean {
  const [, fence] = /^ {0,3}(`+|~+)[ \t]*$/.exec(line) ?? []
  return fence !== undefined && fence[0] === opening[0] && fence.length >= opening.length
}

function dedent(line: string, width: number): string {
  let spaces = 0
  while (spaces < width && line[spaces] === ' ') spaces++
  return line.slice(spaces)
}
