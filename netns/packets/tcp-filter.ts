const LOAD_HALF = 0x28
const LOAD_BYTE = 0x30
const JUMP_IF_EQUAL = 0x15
const RETURN = 0x06

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number]

/** Classic BPF, which accepts Ethernet frames that carry TCP in IPv4 or, right behind its header, in IPv6. */
export function encodeTcpFilter(): Uint8Array {
  const program: readonly Instruction[] = [
    // The EtherType.
    [LOAD_HALF, 0, 0, 12],
    [JUMP_IF_EQUAL, 0, 2, 0x86dd],
    // The next header of IPv6.
    [LOAD_BYTE, 0, 0, 20],
    [JUMP_IF_EQUAL, 3, 4, 6],
    [JUMP_IF_EQUAL, 0, 3, 0x0800],
    // The protocol of IPv4.
    [LOAD_BYTE, 0, 0, 23],
    [JUMP_IF_EQUAL, 0, 1, 6],
    [RETURN, 0, 0, 0xffff_ffff],
    [RETURN, 0, 0, 0],
  ]
  const bytes = Buffer.alloc(program.length * 8)
  for (const [index, [code, ifTrue, ifFalse, operand]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8)
    bytes.writeUInt8(ifTrue, index * 8 + 2)
    bytes.writeUInt8(ifFalse, index * 8 + 3)
    bytes.writeUInt32LE(operand, index * 8 + 4)
  }
  return bytes
}
