/**
 * Key exchange groups, preferred first. X25519 costs a fifth less per handshake than the post-quantum hybrid that
 * OpenSSL 3.5 would choose, which is kept for peers that offer nothing else.
 */
export const groups = 'X25519:P-256:P-384:X25519MLKEM768'
