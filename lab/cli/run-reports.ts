import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { projectRoot } from '#lab/run/home.ts'
import type { Console } from './command.ts'

/** Runs the program of the reports, which is a process of its own: a lab needs nothing of it. Its exit code. */
export async function runReports(args: readonly string[], { env }: Console): Promise<number> {
  const program = join(projectRoot, 'reports/cli/main.ts')
  const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit', env })
  const [code]: (number | null)[] = await once(child, 'exit')
  return code ?? 1
}
