import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Capability } from '#netns/capabilities.ts'
import { surround } from '#lab/client/surroundings.ts'
import { messageOf } from '#lab/run/fault.ts'
import { becomingRoot, mayBecomeOthers } from '#lab/run/privileges.ts'
import type { Check } from './check.ts'
import { judgeCapabilities } from './judge-capabilities.ts'
import { explainRefusal } from './refusal.ts'

const timeoutMs = 60_000

/** Makes what a lab lives in, tries everything a lab does in there, and throws it away. */
export async function checkNamespaces(): Promise<readonly Check[]> {
  const check = { category: 'namespaces', name: 'surroundings of a lab' } as const
  const refusal = await explainRefusal()
  if (refusal !== undefined) {
    const { why, remedy, command } = refusal
    return [{ ...check, verdict: 'fails', why, remedy, ...(command && { fix: withSudo(command) }) }]
  }
  const detail =
    becomingRoot().length === 0 ? 'as root' : 'as an ordinary user, in a user namespace'
  const [program, ...args] = surround([process.execPath, join(import.meta.dirname, 'probe.ts')])
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: timeoutMs })
    const capabilities: readonly Capability[] = JSON.parse(stdout)
    return [
      { ...check, verdict: 'works', detail },
      ...(mayBecomeOthers() ? [] : [oneUser]),
      ...judgeCapabilities(capabilities),
    ]
  } catch (error) {
    const remedy = 'Run "npm run setup", which installs what is missing.'
    return [{ ...check, verdict: 'fails', detail, why: messageOf(error).trim(), remedy }]
  }
}

const oneUser: Check = {
  category: 'namespaces',
  name: 'several users in a lab',
  verdict: 'limited',
  why: "An ordinary user's lab has one user: sidecars cannot be told from services by their user, and servers that refuse to be root (PostgreSQL) do not start in it.",
  remedy: 'Tell sidecars by mark ("exempt": "mark"), or run the lab with sudo.',
}

/** What a command of root's is for somebody else. */
export function withSudo(command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  return process.geteuid?.() === 0 ? command : ['sudo', ...command]
}
