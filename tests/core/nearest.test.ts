import { expect, test } from 'vitest'
import { nearest } from '../../src/core/nearest.ts'

const keys = ['format', 'delimiter', 'header', 'columns', 'channels']

test.each([
  ['chanels', 'channels'],
  ['foramt', 'format'],
  ['Header', 'header'],
  ['column', 'columns'],
])('%s most likely meant %s', (word, meant) => {
  expect(nearest(word, keys)).toBe(meant)
})

test('nothing is near a word of another kind', () => {
  expect(nearest('xyzzy', keys)).toBeNull()
  expect(nearest('', keys)).toBeNull()
})
