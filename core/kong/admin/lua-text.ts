import { isRecord } from '#core/kong/schema/plain-record.ts'

/** Writes a key as Kong 1.1's messages show it: `{id="…"}`, `{name="x",service=null}`. */
export function renderLuaTable(table: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(table).map(([name, value]) => `${name}=${renderLua(value)}`)
  return `{${entries.join(',')}}`
}

function renderLua(value: unknown): string {
  if (isRecord(value)) return renderLuaTable(value)
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
