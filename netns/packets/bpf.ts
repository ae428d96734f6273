/** One instruction of a classic BPF program, as socket filters have it. */
export interface BpfInstruction<label extends string> {
  readonly code: number
  readonly operand: number
  /** Where to go on when the comparison holds, and when it does not; the next one where it says nothing. */
  readonly yes?: label
  readonly no?: label
  readonly label?: label
}

/** The bytes of a program. */
export function encodeBpf<label extends string>(
  program: readonly BpfInstruction<label>[],
): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8)
  const distance = (from: number, to: label | undefined): number =>
    to === undefined ? 0 : program.findIndex((each) => each.label === to) - from - 1
  for (const [index, { code, operand, yes, no }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8)
    bytes.writeUInt8(distance(index, yes), index * 8 + 2)
    bytes.writeUInt8(distance(index, no), index * 8 + 3)
    bytes.writeUInt32LE(operand, index * 8 + 4)
  }
  return bytes
}

export const LOAD_WORD = 0x20
export const LOAD_HALF = 0x28
export const LOAD_BYTE = 0x30
export const JUMP_IF_EQUAL = 0x15
export const RETURN = 0x06
