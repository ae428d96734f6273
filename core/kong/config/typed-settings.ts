import { settings } from './settings.ts'

/** Every setting as a value of its kind, null where it is unset: the form in which the Admin API shows them. */
export function typedSettings(
  effective: Readonly<Record<string, string>>,
): Record<string, string | number | boolean | readonly string[] | null> {
  const keys = new Set([...Object.keys(settings), ...Object.keys(effective)])
  return Object.fromEntries(Array.from(keys, (key) => [key, typed(key, effective[key] ?? '')]))
}

function typed(key: string, text: string): string | number | boolean | readonly string[] | null {
  const kind = settings[key]?.kind ?? 'string'
  if (kind === 'array') return splitList(text)
  if (text === '') return null
  if (kind === 'number') return Number(text)
  if (kind === 'boolean') return isOn(text)
  return text
}

/** The elements of a comma-separated list, trimmed. */
export function splitList(text: string): readonly string[] {
  return text === '' ? [] : text.split(',').map((entry) => entry.trim())
}

export function isOn(text: string): boolean {
  return text === 'on' || text === 'true'
}
