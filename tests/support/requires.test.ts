/** What a test lacks skips it, or fails it where everything must be there. */
import { afterEach, expect, test, vi } from 'vitest'
import { isFailure, requires } from './requires.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

test('what is there is answered by its path', () => {
  vi.stubEnv('FOREWARN_DATA', '/')
  expect(requires('shared-data')).toEqual({ path: '/', missing: null })
})

test('what is missing is told once, with what would bring it', () => {
  vi.stubEnv('REQUIRE_ALL', '0')
  vi.stubEnv('FOREWARN_DATA', '/nowhere')
  const told = vi.spyOn(console, 'warn').mockReturnValue()
  expect(requires('shared-data', 'skab.tar.gz')).toEqual({
    path: '',
    missing: '/nowhere/skab.tar.gz is not there (FOREWARN_DATA names the folder of recordings)',
  })
  requires('shared-data', 'skab.tar.gz')
  expect(told).toHaveBeenCalledTimes(1)
})

test('where everything must be there it is a failure', () => {
  vi.stubEnv('REQUIRE_ALL', '1')
  vi.stubEnv('REQUIRE_EXCEPT', '')
  vi.stubEnv('FOREWARN_DATA', '/nowhere')
  expect(() => requires('shared-data')).toThrow('REQUIRE_ALL=1, but skipped for want of shared-data')
})

test('exceptions are named', () => {
  expect(isFailure('java', {})).toBe(false)
  expect(isFailure('java', { REQUIRE_ALL: '1' })).toBe(true)
  expect(isFailure('java', { REQUIRE_ALL: '1', REQUIRE_EXCEPT: 'shared-data,java' })).toBe(false)
})
