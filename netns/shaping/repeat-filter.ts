import {
  encodeBpf,
  JUMP_IF_EQUAL,
  LOAD_HALF,
  LOAD_WORD,
  RETURN,
  type BpfInstruction,
} from '#netns/packets/bpf.ts'

/** What a socket sends with this mark is not taken for something to repeat once more. */
export const repeatMark = 0x6d65_7368

type Instruction = BpfInstruction<'accept' | 'drop'>

/**
 * Classic BPF that accepts the IP packets that an interface sends, but for those with the mark; only those from a MAC address
 * where one is given. Returns the bytes of its instructions.
 */
export function encodeRepeatFilter(fromMac?: string): Uint8Array {
  const program: readonly Instruction[] = [
    { code: LOAD_WORD, operand: PACKET_TYPE },
    { code: JUMP_IF_EQUAL, operand: PACKET_OUTGOING, no: 'drop' },
    { code: LOAD_WORD, operand: PACKET_MARK },
    { code: JUMP_IF_EQUAL, operand: repeatMark, yes: 'drop' },
    ...(fromMac === undefined ? [] : isFrom(fromMac)),
    // The EtherType: IPv6, IPv4.
    { code: LOAD_HALF, operand: 12 },
    { code: JUMP_IF_EQUAL, operand: 0x86dd, yes: 'accept' },
    { code: JUMP_IF_EQUAL, operand: 0x0800, yes: 'accept', no: 'drop' },
    { code: RETURN, operand: 0xffff_ffff, label: 'accept' },
    { code: RETURN, operand: 0, label: 'drop' },
  ]
  return encodeBpf(program)
}

function isFrom(mac: string): readonly Instruction[] {
  const bytes = Buffer.from(mac.replaceAll(':', ''), 'hex')
  return [
    { code: LOAD_WORD, operand: 6 },
    { code: JUMP_IF_EQUAL, operand: bytes.readUInt32BE(0), no: 'drop' },
    { code: LOAD_HALF, operand: 10 },
    { code: JUMP_IF_EQUAL, operand: bytes.readUInt16BE(4), no: 'drop' },
  ]
}

/** What the kernel knows of a packet that is not in it. */
const PACKET_TYPE = 0xffff_f004
const PACKET_MARK = 0xffff_f014
const PACKET_OUTGOING = 4
