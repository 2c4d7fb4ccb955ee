/** Commands that compute nothing with tensors don't wait for the native library. */
import { expect, test } from 'vitest'
import { needsNative } from '../../bin/setup/entries/forewarn.mjs'

test.each([
  [[]],
  [['--help']],
  [['--version']],
  [['up', '--help']],
  [['config', 'print']],
  [['tail', 'scores']],
  [['help', 'up']],
])('%j does not need it', (args) => {
  expect(needsNative(args)).toBe(false)
})

test.each([[['up']], [['demo']], [['train', '--output', 'models']], [['doctor']]])('%j needs it', (args) => {
  expect(needsNative(args)).toBe(true)
})
