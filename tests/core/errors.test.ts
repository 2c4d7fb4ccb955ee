import { expect, test } from 'vitest'
import { ERROR_CODES, type ErrorCode, failure, isFailure, messageOf } from '../../src/core/errors.ts'

test('a failure carries its code, its message and what was behind it', () => {
  const cause = new Error('disk')
  const error = failure('log-full', 'no room', cause)
  expect(error).toMatchObject({ name: 'Failure', code: 'log-full', message: 'no room', cause })
  expect(isFailure(error)).toBe(true)
  expect(isFailure(error, 'log-full')).toBe(true)
  expect(isFailure(error, 'config')).toBe(false)
})

test.each([new Error('x'), 'x', null, undefined, { code: 'config' }])('%s is no failure', (other) => {
  expect(isFailure(other)).toBe(false)
})

test('every code has an exit status and an HTTP status', () => {
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    expect([1, 2]).toContain(ERROR_CODES[code].exit)
    expect(ERROR_CODES[code].http).toBeGreaterThanOrEqual(400)
  }
})

test('anything that was thrown has a message', () => {
  expect([new Error('a'), 'b', 7].map(messageOf)).toEqual(['a', 'b', '7'])
})
