import { importDirectly } from '#core/node/direct-imports.ts'

importDirectly()
const { watchOutputs } = await import('./watch-outputs.ts')
const { runMeshyard } = await import('./run-meshyard.ts')
watchOutputs(process)
process.exitCode = await runMeshyard(process.argv.slice(2), process)
