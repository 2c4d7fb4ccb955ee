/** npm ci runs when packages are missing, and not after somebody ran it by hand. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { missingPackages, npm, packagesAreThere } from '../../bin/setup/packages.mjs'

const LOCK = {
  packages: {
    '': { version: '1.0.0' },
    'node_modules/fastify': { version: '5.0.0' },
    'node_modules/vitest': { version: '4.0.0', dev: true },
    'node_modules/@rollup/rollup-darwin-x64': { version: '4.0.0', dev: true, optional: true },
  },
}
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'forewarn-packages-'))
  mkdirSync(join(root, 'node_modules'))
  writeLock(LOCK)
})

afterEach(() => rmSync(root, { recursive: true }))

function writeLock(lock: object): void {
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(lock))
}

function install(packages: object): void {
  writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }))
}

test('nothing is there before an installation', () => {
  expect(packagesAreThere(root, false)).toBe(false)
})

test('an installation by hand counts, without other platforms’ packages', () => {
  install({ 'node_modules/fastify': { version: '5.0.0' }, 'node_modules/vitest': { version: '4.0.0' } })
  expect(packagesAreThere(root, true)).toBe(true)
  rmSync(join(root, 'node_modules/.package-lock.json'))
  expect(packagesAreThere(root, true)).toBe(true)
})

test('an installation without development packages does for the program, not for the tests', () => {
  install({ 'node_modules/fastify': { version: '5.0.0' } })
  expect(packagesAreThere(root, false)).toBe(true)
  expect(packagesAreThere(root, true)).toBe(false)
})

test('another lock file asks for an installation', () => {
  install({ 'node_modules/fastify': { version: '5.0.0' } })
  expect(packagesAreThere(root, false)).toBe(true)
  writeLock({ packages: { ...LOCK.packages, 'node_modules/fastify': { version: '5.0.1' } } })
  expect(packagesAreThere(root, false)).toBe(false)
})

test('missing packages are named', () => {
  const installed = { packages: { 'node_modules/fastify': { version: '4.0.0' } } }
  expect(missingPackages(LOCK, installed, true)).toEqual(['node_modules/fastify', 'node_modules/vitest'])
})

test('npm is the one that started us, else the one on the PATH', () => {
  const cli = join(root, 'npm-cli.js')
  writeFileSync(cli, '')
  expect(npm(['ci'], { npm_execpath: cli })).toEqual([process.execPath, [cli, 'ci']])
  expect(npm(['ci'], { npm_execpath: '/nowhere/npm-cli.js' })).toEqual(['npm', ['ci']])
  expect(npm(['ci'], { npm_execpath: join(root, 'yarn.js') })).toEqual(['npm', ['ci']])
})
