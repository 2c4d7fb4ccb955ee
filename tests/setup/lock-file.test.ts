/** The lock file is one that `npm ci` takes on every platform. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { completed, missingOptionals, platformOf } from '../../bin/setup/lock-file.mjs'

test('ours lacks no optional package (else: npm run lock)', () => {
  const file = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'))
  expect(missingOptionals(file.packages)).toEqual([])
})

test('what a package wants and the file lacks is added, once, beside what is there', () => {
  const packages = {
    '': {},
    'node_modules/rollup': {
      dev: true,
      optionalDependencies: {
        '@rollup/rollup-linux-x64-gnu': '4.0.0',
        '@rollup/rollup-linux-arm64-musl': '4.0.0',
      },
    },
    'node_modules/@rollup/rollup-linux-x64-gnu': { version: '4.0.0' },
  }
  const all = completed(packages)
  expect(Object.keys(all)).toEqual([
    '',
    'node_modules/@rollup/rollup-linux-arm64-musl',
    'node_modules/@rollup/rollup-linux-x64-gnu',
    'node_modules/rollup',
  ])
  expect(all['node_modules/@rollup/rollup-linux-arm64-musl']).toEqual({
    version: '4.0.0',
    cpu: ['arm64'],
    dev: true,
    libc: ['musl'],
    optional: true,
    os: ['linux'],
  })
  expect(missingOptionals(all)).toEqual([])
})

test('a package nested in the one that wants it, or above it, is found', () => {
  const wants = { optionalDependencies: { inner: '1.0.0', outer: '1.0.0' } }
  const packages = {
    'node_modules/a': wants,
    'node_modules/a/node_modules/inner': {},
    'node_modules/outer': {},
  }
  expect(missingOptionals(packages)).toEqual([])
})

test('platforms are read from names', () => {
  expect(platformOf('@rollup/rollup-linux-arm-gnueabihf')).toEqual({
    os: ['linux'],
    cpu: ['arm'],
    libc: ['glibc'],
  })
  expect(platformOf('@rollup/rollup-win32-x64-gnu')).toEqual({ os: ['win32'], cpu: ['x64'], libc: null })
  expect(platformOf('@biomejs/cli-darwin-arm64')).toEqual({ os: ['darwin'], cpu: ['arm64'], libc: null })
  expect(() => platformOf('fsevents')).toThrow('tells no platform')
})

test('a range can’t be completed without the registry', () => {
  const packages = { 'node_modules/a': { optionalDependencies: { 'a-linux-x64': '^1.0.0' } } }
  expect(() => completed(packages)).toThrow('a-linux-x64@^1.0.0')
})
