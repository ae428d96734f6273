import { importDirectly } from '#core/node/direct-imports.ts'

importDirectly()
const { runMeshyard } = await import('./run-meshyard.ts')
process.exitCode = await runMeshyard(process.argv.slice(2), process)
