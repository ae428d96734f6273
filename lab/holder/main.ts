import { importDirectly } from '#core/node/direct-imports.ts'

importDirectly()
const { holdLab } = await import('./hold-lab.ts')
await holdLab()
