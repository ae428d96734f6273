import { readFileSync, readlinkSync } from 'node:fs'

/** The command line of the first process of this process namespace; empty where /proc is that of another one. */
export function firstProcess(): readonly string[] {
  try {
    // Dangling when this process is not in the namespace that /proc is of.
    readlinkSync('/proc/self')
    return readFileSync('/proc/1/cmdline', 'utf8').split('\0')
  } catch {
    return []
  }
}
