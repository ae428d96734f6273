import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/**
 * Runs a line of shell in this process's own namespaces; `$1` and on are the arguments.
 * @throws Error with what it wrote when it fails.
 */
export async function runHere(line: string, args: readonly string[] = []): Promise<void> {
  await promisify(execFile)('sh', ['-euc', line, 'sh', ...args])
}
