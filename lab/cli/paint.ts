import { styleText } from 'node:util'
import type { Output } from './command.ts'

export type Colour = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

/** Colours a text where its reader sees colours: on a terminal without NO_COLOR, or with FORCE_COLOR. */
export function paint(colour: Colour, text: string, stream: Output): string {
  return styleText(colour, text, { stream, validateStream: true })
}
