import {
  encodeBpf,
  JUMP_IF_EQUAL,
  LOAD_BYTE,
  LOAD_HALF,
  LOAD_WORD,
  RETURN,
  type BpfInstruction,
} from '#netns/packets/bpf.ts'
import { markerPort } from './point-rules.ts'

/** What a socket sends with this mark is not taken for something to repeat once more. */
export const repeatMark = 0x6d65_7368

type Instruction = BpfInstruction<Label>
type Label = 'accept' | 'drop' | 'IPv6' | 'ports of IPv4' | 'ports of IPv6'

/**
 * Classic BPF that accepts the IP packets that an interface sends, but for those with the mark and those of marker
 * connections; only those from a MAC address where one is given. Returns the bytes of its instructions.
 */
export function encodeRepeatFilter(fromMac?: string): Uint8Array {
  const program: readonly Instruction[] = [
    { code: LOAD_WORD, operand: PACKET_TYPE },
    { code: JUMP_IF_EQUAL, operand: PACKET_OUTGOING, no: 'drop' },
    { code: LOAD_WORD, operand: PACKET_MARK },
    { code: JUMP_IF_EQUAL, operand: repeatMark, yes: 'drop' },
    ...(fromMac === undefined ? [] : isFrom(fromMac)),
    { code: LOAD_HALF, operand: 12 },
    { code: JUMP_IF_EQUAL, operand: 0x86dd, yes: 'IPv6' },
    { code: JUMP_IF_EQUAL, operand: 0x0800, no: 'drop' },
    { code: LOAD_BYTE, operand: 23 },
    { code: JUMP_IF_EQUAL, operand: TCP, yes: 'ports of IPv4', no: 'accept' },
    { code: LOAD_IPV4_LENGTH, operand: 14, label: 'ports of IPv4' },
    ...isMarker(LOAD_HALF_BEHIND, 14),
    { code: LOAD_BYTE, operand: 20, label: 'IPv6' },
    { code: JUMP_IF_EQUAL, operand: TCP, yes: 'ports of IPv6', no: 'accept' },
    ...isMarker(LOAD_HALF, 54).map((each, index) =>
      index === 0 ? { ...each, label: 'ports of IPv6' as const } : each,
    ),
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

/** Looks at both ports of TCP, which is where the answer is final. */
function isMarker(load: number, at: number): readonly Instruction[] {
  return [
    { code: load, operand: at },
    { code: JUMP_IF_EQUAL, operand: markerPort, yes: 'drop' },
    { code: load, operand: at + 2 },
    { code: JUMP_IF_EQUAL, operand: markerPort, yes: 'drop', no: 'accept' },
  ]
}

/** Behind the header of IPv4, as long as it is. */
const LOAD_HALF_BEHIND = 0x48
const LOAD_IPV4_LENGTH = 0xb1
/** What the kernel knows of a packet that is not in it. */
const PACKET_TYPE = 0xffff_f004
const PACKET_MARK = 0xffff_f014
const PACKET_OUTGOING = 4
const TCP = 6
