import { importDirectly } from '#core/node/direct-imports.ts'

importDirectly()
const { runCli } = await import('./run-cli.ts')
process.exitCode = await runCli(process.argv.slice(2), process.env)
