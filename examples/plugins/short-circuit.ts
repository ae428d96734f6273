import { answering } from './answering.ts'

/** Answers before any other plugin has its turn. */
export default answering({ name: 'short-circuit', priority: 1_000_000 })
