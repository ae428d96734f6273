import { setFlagsFromString } from 'node:v8'

/** Regular expressions that V8 cannot run in linear time see no text longer than this. */
const maxSlowLength = 1024

/** A regular expression that a user wrote, for text that strangers write. */
export interface UserPattern {
  test(text: string): boolean
}

/**
 * Compiles a regular expression in JavaScript's syntax; `(?i)` at its start is understood, too. It runs in linear time.
 * One with back references or lookaround cannot: that one matches no text of more than 1024 characters.
 * @throws SyntaxError
 */
export function compileUserPattern(source: string): UserPattern {
  const ignoreCase = source.startsWith('(?i)')
  const pattern = ignoreCase ? source.slice('(?i)'.length) : source
  const flags = ignoreCase ? 'i' : ''
  const slow = new RegExp(pattern, flags)
  // V8 offers its linear engine to those who ask.
  setFlagsFromString('--enable-experimental-regexp-engine')
  try {
    return new RegExp(pattern, `${flags}l`)
  } catch {
    return { test: (text) => text.length <= maxSlowLength && slow.test(text) }
  }
}

/** Whether a text can be compiled. */
export function isUserPattern(source: string): boolean {
  try {
    compileUserPattern(source)
    return true
  } catch {
    return false
  }
}
