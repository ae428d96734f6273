import { middleNode } from '#scenarios/support/adapt-topology.ts'

/** Which nodes hand on what is for the echo service, and what is for Service B. */
export const twoNodes = ['kong-a', 'kong-b'] as const
export const threeNodes = ['kong-a', middleNode.name, 'kong-b'] as const
