import { encodeBpf, JUMP_IF_EQUAL, LOAD_BYTE, LOAD_HALF, RETURN } from './bpf.ts'

/** A filter that accepts Ethernet frames that carry TCP in IPv4 or, right behind its header, in IPv6. */
export function encodeTcpFilter(): Uint8Array {
  return encodeBpf<'accept' | 'drop' | 'IPv4'>([
    // The EtherType.
    { code: LOAD_HALF, operand: 12 },
    { code: JUMP_IF_EQUAL, operand: 0x86dd, no: 'IPv4' },
    // The next header.
    { code: LOAD_BYTE, operand: 20 },
    { code: JUMP_IF_EQUAL, operand: TCP, yes: 'accept', no: 'drop' },
    { code: JUMP_IF_EQUAL, operand: 0x0800, no: 'drop', label: 'IPv4' },
    // The protocol.
    { code: LOAD_BYTE, operand: 23 },
    { code: JUMP_IF_EQUAL, operand: TCP, no: 'drop' },
    { code: RETURN, operand: 0xffff_ffff, label: 'accept' },
    { code: RETURN, operand: 0, label: 'drop' },
  ])
}

const TCP = 6
