import { firstProcess } from './first-process.ts'

/**
 * Whether this process can see and reach the processes of one lab and no others. A lab's first process is the shell that
 * starts its holder; that there is a holder somewhere says nothing, as those of labs in containers are on the machine.
 */
export function isInsideLab(): boolean {
  return firstProcess().some((argument) => argument.endsWith('/lab/holder/main.ts'))
}
