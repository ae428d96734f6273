import { answering } from './answering.ts'

/** Answers what every other plugin has let pass. */
export default answering({ name: 'short-circuit-last', priority: -1_000_000 })
