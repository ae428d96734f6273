import { describe, expect, it } from 'vitest'
import { namesRegistry } from './provide-image.ts'

describe(namesRegistry, () => {
  it.each([
    ['docker.io/library/kong:1.1.3', true],
    ['registry.example/kong', true],
    ['127.0.0.1:5000/kong:1.1.3', true],
    ['localhost/kong', true],
    ['kong', false],
    ['kong:1.1.3', false],
    ['library/kong:1.1.3', false],
    ['team.name', false],
  ])('%s: %s', (image, expected) => {
    expect(namesRegistry(image)).toBe(expected)
  })
})
